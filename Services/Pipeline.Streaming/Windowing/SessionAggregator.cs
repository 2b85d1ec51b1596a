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
/// <para>
/// What is kept are fragments: events within the gap, inside one slice of time (<see cref="SessionWindows"/>). A session is a run of a
/// key's fragments, put together when it is emitted. Without a maximum length there is one slice, and a session is one fragment.
/// </para>
/// <para>
/// Every start that ceases to exist is reported, whether it was emitted or not: after a crash nobody knows any more what was emitted
/// between the checkpoint and the crash.
/// </para>
/// </remarks>
public sealed class SessionAggregator<TKey, TAccumulator>
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    private const int End = SessionFragments<TKey, TAccumulator>.End;

    /// <summary>
    /// A key's sessions are walked through for every event. Those that the watermark reaches are few; only dates in the far future make many.
    /// </summary>
    private const int MaxSessionsPerKey = 10_000;

    private readonly SessionWindows _windows;
    private readonly Merge<TAccumulator> _merge;
    private readonly SessionFragments<TKey, TAccumulator> _fragments;
    private readonly SessionCompletion<TKey, TAccumulator> _completion;
    private readonly List<int> _dirty = [];
    private readonly List<(TKey Key, long Start)> _removed = [];
    private readonly long _slice;
    private readonly int _maxSessions;
    private TAccumulator _refused;

    /// <param name="latestWindow">
    /// How far behind the watermark a record may be at most and still be accepted, ms: the finest window's length + the allowed lateness.
    /// </param>
    /// <param name="maxSessions">Bound on sessions in state, against records that are spread over the far future, whose sessions the watermark does not reach. Default: 2,000,000.</param>
    public SessionAggregator(SessionWindows windows, long latestWindow, Merge<TAccumulator> merge, int maxSessions = 2_000_000)
    {
        _windows = windows;
        _fragments = new SessionFragments<TKey, TAccumulator>(windows, merge);
        _completion = new SessionCompletion<TKey, TAccumulator>(windows.Gap, latestWindow, _fragments);
        _maxSessions = maxSessions;
        _slice = windows.Slice?.Size ?? 0;
        _merge = merge;
    }

    /// <summary>Sessions in state (their fragments, to be exact), closed ones that may still change included.</summary>
    public int Count => _fragments.Count;

    /// <summary>Events that were not taken since the start: they would have begun more sessions than there may be, of all keys or of theirs.</summary>
    public long Refused { get; private set; }

    public bool HasUnemitted => _dirty.Count > 0 || _removed.Count > 0 || _completion.IsAnyDue;

    /// <summary>
    /// The accumulator of the session that an event at <paramref name="time"/> belongs to, at whose turn the watermark was
    /// <paramref name="at"/>; new ones are all zeroes, and one that nobody looks at when it is refused.
    /// </summary>
    public ref TAccumulator Update(TKey key, long time, Watermark at)
    {
        ref var head = ref _fragments.HeadOf(key, out var isNew);
        var found = End;
        var previous = End;
        var slot = head;
        var isLate = false;
        var touchesNone = true;
        var count = 0;
        while (slot != End)
        {
            count++;
            ref var session = ref _fragments[slot];
            var next = session.Next;
            if (time - session.Last > _windows.Gap || session.Start - time > _windows.Gap)
            {
                previous = slot;
                slot = next;
                continue;
            }

            touchesNone = false;
            isLate |= at.Value >= _completion.ClosesAt(session.Last) && WasClosed(key, slot, time, at);
            if (!IsInSlice(in session, time))
            {
                previous = slot;
            }
            else if (found == End)
            {
                found = slot;
                previous = slot;
                Extend(ref session, time);
            }
            else
            {
                // The event bridges two fragments: the later found one goes into the first.
                Absorb(found, slot);
                _fragments[previous].Next = next;
                _completion.Release(slot);
            }

            slot = next;
        }

        if (found == End)
        {
            if (Count >= _maxSessions || count >= MaxSessionsPerKey)
            {
                return ref Refuse(key, isNew);
            }

            found = _fragments.Add(key, time, head);
            head = found;
            isLate |= touchesNone && at.Value >= _completion.ClosesAt(time);
        }

        ref var result = ref _fragments[found];
        result.IsLateUpdate |= isLate;
        MarkDirty(ref result, found);
        return ref result.Accumulator;
    }

    public void Advance(Watermark watermark)
    {
        if (watermark > _completion.Watermark)
        {
            _completion.Watermark = watermark;
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
            if (start >= _completion.EmitFrom)
            {
                remove(key, start);
            }
        }

        _removed.Clear();
        if (early)
        {
            foreach (var slot in _dirty)
            {
                if (_fragments[slot].IsDirty)
                {
                    _completion.Settle(_fragments[slot].Key, early, emit, remove);
                }
            }

            _dirty.Clear();
        }

        if (_completion.IsAnyDue)
        {
            _completion.SettleDue(emit, remove);
        }

        // While nothing is emitted early, sessions come and go and nobody else takes them off the list.
        if (_dirty.Count > 1024 && _dirty.Count > 2 * Count)
        {
            ListDirty();
        }
    }

    /// <summary>Shows a key's sessions as they are now, emitted or not; changes nothing.</summary>
    public void Visit(TKey key, SessionEmitter<TKey, TAccumulator> visit)
    {
        _fragments.Gather(key);
        for (int first = 0, past; first < _fragments.Gathered.Count; first = past)
        {
            past = _fragments.PastOf(first);
            var session = _fragments.Merge(first, past);
            session.IsClosed = _completion.Watermark.Value >= _completion.ClosesAt(session.Last);
            if (session.Start >= _completion.EmitFrom)
            {
                visit(in session);
            }
        }
    }

    /// <summary>Shows the sessions of some keys, up to a number of keys.</summary>
    public void VisitSome(int maxKeys, SessionEmitter<TKey, TAccumulator> visit)
    {
        for (var i = 0; i < Math.Min(maxKeys, _fragments.Keys.Length); i++)
        {
            Visit(_fragments.Keys[i], visit);
        }
    }

    /// <summary>Sessions that begin before this time (Unix ms) are incomplete and must not be emitted.</summary>
    public void StartIncomplete(long coveredFrom) => _completion.EmitFrom = coveredFrom + _windows.Gap;

    public void Save(StateWriter writer)
    {
        writer.Write(_completion.Watermark.Value);
        writer.Write(_completion.EmitFrom);
        _fragments.Save(writer);
        writer.Write(_removed.Count);
        foreach (var (key, start) in _removed)
        {
            writer.Write(key);
            writer.Write(start);
        }
    }

    public void Restore(ref StateReader reader)
    {
        _completion.Watermark = new Watermark(reader.Read<long>());
        _completion.EmitFrom = reader.Read<long>();
        _fragments.Restore(ref reader);
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            _removed.Add((reader.Read<TKey>(), reader.Read<long>()));
        }

        _completion.Restore();
        ListDirty();
    }

    private void ListDirty()
    {
        _dirty.Clear();
        for (var slot = 0; slot < _fragments.Used; slot++)
        {
            if (_fragments[slot].IsDirty)
            {
                _dirty.Add(slot);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsInSlice(in Session<TKey, TAccumulator> session, long time)
        => _slice == 0 || (time < session.SliceEnd && time >= session.SliceEnd - _slice);

    /// <summary>Whether the session of a fragment was closed and would take an event at a time.</summary>
    private bool WasClosed(TKey key, int slot, long time, Watermark at)
    {
        if (_slice == 0)
        {
            return true;
        }

        _fragments.Gather(key);
        for (int first = 0, past; first < _fragments.Gathered.Count; first = past)
        {
            past = _fragments.PastOf(first);
            if (_fragments.Gathered.IndexOf(slot, first, past - first) >= 0)
            {
                var start = _fragments[_fragments.Gathered[first]].SliceEnd - _slice;
                return time < start + _fragments.MaxLength && at.Value >= _completion.ClosesAt(_fragments[_fragments.Gathered[past - 1]].Last);
            }
        }

        return false;
    }

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
        ref var target = ref _fragments[into];
        ref var source = ref _fragments[slot];

        // The merged session is known by the earlier start; the later one exists no more.
        _removed.Add((target.Key, Math.Max(target.Start, source.Start)));
        target.Start = Math.Min(target.Start, source.Start);
        target.Last = Math.Max(target.Last, source.Last);
        target.IsLateUpdate |= source.IsLateUpdate;
        _merge(ref target.Accumulator, in source.Accumulator);
    }

    private ref TAccumulator Refuse(TKey key, bool isNew)
    {
        Refused++;
        if (isNew)
        {
            _fragments.Remove(key);
        }

        _refused = default;
        return ref _refused;
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
        _completion.Schedule(ref session, slot);
    }
}
