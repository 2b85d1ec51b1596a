using System.Runtime.CompilerServices;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Merging session windows per key. The sessions at the end do not depend on the order in which events came, as long as they came
/// before they were too late. A session is known by its key and its start; when an earlier event or a merge changes that, the
/// one known before is reported as removed. Not thread-safe.
/// </summary>
/// <remarks>
/// Sessions lie in one array and hang together per key, so that saving them is a copy. Every start that ceases to exist is reported,
/// whether it was emitted or not: after a crash nobody knows any more what was emitted between the checkpoint and the crash.
/// </remarks>
public sealed class SessionAggregator<TKey, TAccumulator>
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    private const int End = -1;

    private readonly SessionWindows _windows;
    private readonly long _retention;
    private readonly Merge<TAccumulator> _merge;
    private readonly KeyedState<TKey, int> _heads = new();
    private readonly List<int> _dirty = [];
    private readonly List<(TKey Key, long Start)> _removed = [];
    private Session<TKey, TAccumulator>[] _sessions = new Session<TKey, TAccumulator>[64];
    private int _used;
    private int _free = End;
    private Watermark _watermark = Watermark.None;

    // No session needs attention before the watermark reaches this.
    private long _nextDue = long.MaxValue;
    private long _emitFrom = long.MinValue;

    /// <param name="latestWindow">
    /// How far behind the watermark a record may be at most and still be accepted, ms: the finest window's length + the allowed lateness.
    /// </param>
    public SessionAggregator(SessionWindows windows, long latestWindow, Merge<TAccumulator> merge)
    {
        _windows = windows;
        _retention = latestWindow;
        _merge = merge;
    }

    /// <summary>Sessions in state, closed ones that may still change included.</summary>
    public int Count { get; private set; }

    public bool HasUnemitted => _dirty.Count > 0 || _removed.Count > 0 || _watermark.Value >= _nextDue;

    /// <summary>
    /// The accumulator of the session that an event at <paramref name="time"/> belongs to, at whose turn the watermark was
    /// <paramref name="at"/>; new ones are all zeroes.
    /// </summary>
    public ref TAccumulator Update(TKey key, long time, Watermark at)
    {
        ref var head = ref _heads.GetOrAdd(key, out var isNew);
        if (isNew)
        {
            head = End;
        }

        var found = End;
        var previous = End;
        var slot = head;
        while (slot != End)
        {
            ref var session = ref _sessions[slot];
            var next = session.Next;
            if (time - session.Last > _windows.Gap || session.Start - time > _windows.Gap)
            {
                previous = slot;
            }
            else if (found == End)
            {
                found = slot;
                previous = slot;
                session.IsLateUpdate |= at.Value >= ClosesAt(in session);
                Extend(ref session, time);
            }
            else
            {
                // The event bridges two sessions: the later found one goes into the first.
                session.IsLateUpdate |= at.Value >= ClosesAt(in session);
                Absorb(found, slot);
                _sessions[previous].Next = next;
                Release(slot);
            }

            slot = next;
        }

        if (found == End)
        {
            found = Add(key, time, head);
            head = found;
            _sessions[found].IsLateUpdate = at.Value >= ClosesAt(in _sessions[found]);
        }

        ref var result = ref _sessions[found];
        MarkDirty(ref result, found);
        return ref result.Accumulator;
    }

    public void Advance(Watermark watermark)
    {
        if (watermark > _watermark)
        {
            _watermark = watermark;
        }
    }

    /// <summary>
    /// Emits sessions that ended and, when <paramref name="early"/>, open ones that changed; reports starts that exist no more;
    /// discards sessions that no record can change any more.
    /// </summary>
    public void Emit(bool early, SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        foreach (var (key, start) in _removed)
        {
            if (start >= _emitFrom)
            {
                remove(key, start);
            }
        }

        _removed.Clear();
        if (early)
        {
            foreach (var slot in _dirty)
            {
                if (_sessions[slot].IsDirty)
                {
                    EmitOne(ref _sessions[slot], emit);
                }
            }

            _dirty.Clear();
        }

        if (_watermark.Value >= _nextDue)
        {
            CloseAndDiscard(emit);
        }
    }

    /// <summary>Sessions that begin before this time (Unix ms) are incomplete and must not be emitted.</summary>
    public void StartIncomplete(long coveredFrom) => _emitFrom = coveredFrom + _windows.Gap;

    public void Save(StateWriter writer)
    {
        writer.Write(_watermark.Value);
        writer.Write(_emitFrom);
        writer.Write(_free);
        writer.Write(Count);
        writer.WriteArray<Session<TKey, TAccumulator>>(_sessions.AsSpan(0, _used));
        _heads.Save(writer);
        writer.Write(_removed.Count);
        foreach (var (key, start) in _removed)
        {
            writer.Write(key);
            writer.Write(start);
        }
    }

    public void Restore(ref StateReader reader)
    {
        _watermark = new Watermark(reader.Read<long>());
        _emitFrom = reader.Read<long>();
        _free = reader.Read<int>();
        Count = reader.Read<int>();
        _used = reader.ReadCount();
        _sessions = new Session<TKey, TAccumulator>[Math.Max(64, _used)];
        reader.ReadItems(_sessions.AsSpan(0, _used));
        _heads.Restore(ref reader);
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            _removed.Add((reader.Read<TKey>(), reader.Read<long>()));
        }

        for (var slot = 0; slot < _used; slot++)
        {
            if (_sessions[slot].IsUsed)
            {
                _nextDue = Math.Min(_nextDue, DueOf(in _sessions[slot]));
                if (_sessions[slot].IsDirty)
                {
                    _dirty.Add(slot);
                }
            }
        }
    }

    // An event exactly one gap after the last one still belongs to the session; one on the watermark is still on time.
    private long ClosesAt(in Session<TKey, TAccumulator> session) => session.Last + _windows.Gap + 1;

    private long DueOf(in Session<TKey, TAccumulator> session) => session.IsClosed ? session.Last + _windows.Gap + _retention : ClosesAt(in session);

    private void Extend(ref Session<TKey, TAccumulator> session, long time)
    {
        if (time < session.Start)
        {
            _removed.Add((session.Key, session.Start));
            session.Start = time;
        }

        if (time > session.Last)
        {
            session.Last = time;
        }
    }

    private void Absorb(int into, int slot)
    {
        ref var target = ref _sessions[into];
        ref var source = ref _sessions[slot];

        // The merged session is known by the earlier start; the later one exists no more.
        _removed.Add((target.Key, Math.Max(target.Start, source.Start)));
        target.Start = Math.Min(target.Start, source.Start);
        target.Last = Math.Max(target.Last, source.Last);
        target.IsLateUpdate |= source.IsLateUpdate;
        _merge(ref target.Accumulator, in source.Accumulator);
    }

    private int Add(TKey key, long time, int next)
    {
        int slot;
        if (_free != End)
        {
            slot = _free;
            _free = _sessions[slot].Next;
        }
        else
        {
            if (_used == _sessions.Length)
            {
                Array.Resize(ref _sessions, _sessions.Length * 2);
            }

            slot = _used++;
        }

        _sessions[slot] = new Session<TKey, TAccumulator> { Key = key, Start = time, Last = time, Next = next, IsUsed = true };
        Count++;
        return slot;
    }

    private void Release(int slot)
    {
        _sessions[slot] = new Session<TKey, TAccumulator> { Next = _free };
        _free = slot;
        Count--;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MarkDirty(ref Session<TKey, TAccumulator> session, int slot)
    {
        if (!session.IsDirty)
        {
            session.IsDirty = true;
            _dirty.Add(slot);
        }

        session.IsClosed = false;
        var due = ClosesAt(in session);
        if (due < _nextDue)
        {
            _nextDue = due;
        }
    }

    private void EmitOne(ref Session<TKey, TAccumulator> session, SessionEmitter<TKey, TAccumulator> emit)
    {
        session.IsClosed = _watermark.Value >= ClosesAt(in session);
        session.IsDirty = false;
        if (session.Start >= _emitFrom)
        {
            emit(in session);
        }
    }

    private void CloseAndDiscard(SessionEmitter<TKey, TAccumulator> emit)
    {
        _nextDue = long.MaxValue;
        for (var slot = 0; slot < _used; slot++)
        {
            ref var session = ref _sessions[slot];
            if (!session.IsUsed)
            {
                continue;
            }

            if (_watermark.Value >= ClosesAt(in session) && (session.IsDirty || !session.IsClosed))
            {
                EmitOne(ref session, emit);
            }

            if (session.IsClosed && _watermark.Value >= DueOf(in session))
            {
                Unlink(slot);
                Release(slot);
            }
            else
            {
                _nextDue = Math.Min(_nextDue, DueOf(in session));
            }
        }
    }

    private void Unlink(int slot)
    {
        var key = _sessions[slot].Key;
        ref var head = ref _heads.Find(key);
        if (head == slot)
        {
            head = _sessions[slot].Next;
            if (head == End)
            {
                _heads.Remove(key);
            }

            return;
        }

        var before = head;
        while (_sessions[before].Next != slot)
        {
            before = _sessions[before].Next;
        }

        _sessions[before].Next = _sessions[slot].Next;
    }
}

/// <summary>Takes an emitted session.</summary>
public delegate void SessionEmitter<TKey, TAccumulator>(in Session<TKey, TAccumulator> session)
    where TKey : unmanaged
    where TAccumulator : unmanaged;

/// <summary>One session of a key, with the times of its first and its last event (Unix ms).</summary>
public struct Session<TKey, TAccumulator>
    where TKey : unmanaged
    where TAccumulator : unmanaged
{
    public TKey Key;
    public long Start;
    public long Last;
    public TAccumulator Accumulator;

    /// <summary>The watermark has passed the gap after its last event.</summary>
    public bool IsClosed;

    /// <summary>A late record changed it after it was closed.</summary>
    public bool IsLateUpdate;

    internal int Next;
    internal bool IsDirty;
    internal bool IsUsed;
}
