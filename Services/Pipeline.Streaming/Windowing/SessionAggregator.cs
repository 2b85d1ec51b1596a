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
    private const int BucketsPerGap = 64;

    /// <summary>
    /// A key's sessions are walked through for every event. Those that the watermark reaches are few; only dates in the far future make many.
    /// </summary>
    private const int MaxSessionsPerKey = 10_000;

    private readonly SessionWindows _windows;
    private readonly long _retention;
    private readonly Merge<TAccumulator> _merge;
    private readonly SessionFragments<TKey, TAccumulator> _fragments;
    private readonly List<int> _dirty = [];
    private readonly List<(TKey Key, long Start)> _removed = [];
    private readonly List<int> _gone = [];
    private readonly long _slice;
    private readonly int _maxSessions;
    private readonly DueSlots _due;
    private TAccumulator _refused;
    private Watermark _watermark = Watermark.None;

    // No session needs attention before the watermark reaches this.
    private long _nextDue = long.MaxValue;
    private long _emitFrom = long.MinValue;

    /// <param name="latestWindow">
    /// How far behind the watermark a record may be at most and still be accepted, ms: the finest window's length + the allowed lateness.
    /// </param>
    /// <param name="maxSessions">Bound on sessions in state, against records that are spread over the far future, whose sessions the watermark does not reach. Default: 2,000,000.</param>
    public SessionAggregator(SessionWindows windows, long latestWindow, Merge<TAccumulator> merge, int maxSessions = 2_000_000)
    {
        _windows = windows;
        _fragments = new SessionFragments<TKey, TAccumulator>(windows, merge);
        _maxSessions = maxSessions;
        _due = new DueSlots(TimeSpan.FromMilliseconds(Math.Max(1, windows.Gap / BucketsPerGap)));
        _slice = windows.Slice?.Size ?? 0;
        _retention = latestWindow;
        _merge = merge;
    }

    /// <summary>Sessions in state (their fragments, to be exact), closed ones that may still change included.</summary>
    public int Count => _fragments.Count;

    /// <summary>Events that were not taken since the start: they would have begun more sessions than there may be, of all keys or of theirs.</summary>
    public long Refused { get; private set; }

    public bool HasUnemitted => _dirty.Count > 0 || _removed.Count > 0 || _watermark.Value >= _nextDue;

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
            isLate |= at.Value >= ClosesAt(session.Last) && WasClosed(key, slot, time, at);
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
                Release(slot);
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
            isLate |= touchesNone && at.Value >= ClosesAt(time);
        }

        ref var result = ref _fragments[found];
        result.IsLateUpdate |= isLate;
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
                if (_fragments[slot].IsDirty)
                {
                    Settle(_fragments[slot].Key, early, emit, remove);
                }
            }

            _dirty.Clear();
        }

        if (_watermark.Value >= _nextDue)
        {
            SettleDue(emit, remove);
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
            session.IsClosed = _watermark.Value >= ClosesAt(session.Last);
            if (session.Start >= _emitFrom)
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
    public void StartIncomplete(long coveredFrom) => _emitFrom = coveredFrom + _windows.Gap;

    public void Save(StateWriter writer)
    {
        writer.Write(_watermark.Value);
        writer.Write(_emitFrom);
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
        _watermark = new Watermark(reader.Read<long>());
        _emitFrom = reader.Read<long>();
        _fragments.Restore(ref reader);
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            _removed.Add((reader.Read<TKey>(), reader.Read<long>()));
        }

        for (var slot = 0; slot < _fragments.Used; slot++)
        {
            if (_fragments[slot].IsUsed)
            {
                _due.Schedule(slot, _fragments[slot].Due);
                _nextDue = Math.Min(_nextDue, _fragments[slot].Due);
            }
        }

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

    // An event exactly one gap after the last one still belongs to the session; one on the watermark is still on time.
    private long ClosesAt(long last) => last + _windows.Gap + 1;

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
                return time < start + _fragments.MaxLength && at.Value >= ClosesAt(_fragments[_fragments.Gathered[past - 1]].Last);
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

    private void Release(int slot)
    {
        _due.Forget(slot);
        _fragments.Release(slot);
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
        var due = ClosesAt(session.Last);
        if (due < session.Due || session.Due == 0)
        {
            // New, or closed before; one that is only extended is found where it was due.
            _due.Schedule(slot, due);
            _nextDue = Math.Min(_nextDue, due);
        }

        session.Due = due;
    }

    private void SettleDue(SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        _nextDue = long.MaxValue;
        _due.Advance(_watermark.Value);
        var near = _due.Near;
        for (var i = 0; i < near.Count; i++)
        {
            if (_due.IsNear(near[i]) && _watermark.Value >= _fragments[near[i]].Due)
            {
                Settle(_fragments[near[i]].Key, early: false, emit, remove);
            }
        }

        var kept = 0;
        for (var i = 0; i < near.Count; i++)
        {
            var slot = near[i];
            if (_due.IsNear(slot) && !_due.TryPutAway(slot, _fragments[slot].Due))
            {
                near[kept++] = slot;
                _nextDue = Math.Min(_nextDue, _fragments[slot].Due);
            }
        }

        near.RemoveRange(kept, near.Count - kept);
        _nextDue = Math.Min(_nextDue, _due.NextBucket);
    }

    /// <summary>Emits those sessions of a key that are to be, and discards those that no record can change any more.</summary>
    private void Settle(TKey key, bool early, SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        _fragments.Gather(key);

        // One event more can move every cut behind it, so one dirty fragment makes all sessions of the key dirty.
        var isDirty = IsAnyDirty();
        for (int first = 0, past; first < _fragments.Gathered.Count; first = past)
        {
            past = _fragments.PastOf(first);
            var last = _fragments[_fragments.Gathered[past - 1]].Last;
            var isClosed = _watermark.Value >= ClosesAt(last);
            if (isClosed ? isDirty || !IsKnownAsClosed(first, past) : early && isDirty)
            {
                EmitOne(first, past, isClosed, emit, remove);
            }

            var due = isClosed ? last + _windows.Gap + _retention : ClosesAt(last);
            for (var i = first; i < past; i++)
            {
                _fragments[_fragments.Gathered[i]].Due = due;
                if (isClosed && _watermark.Value >= due)
                {
                    _gone.Add(_fragments.Gathered[i]);
                }
                else
                {
                    _due.Schedule(_fragments.Gathered[i], due);
                }
            }

            _nextDue = isClosed && _watermark.Value >= due ? _nextDue : Math.Min(_nextDue, due);
        }

        foreach (var slot in _gone)
        {
            _fragments.Unlink(slot);
            Release(slot);
        }

        _gone.Clear();
    }

    private void EmitOne(int first, int past, bool isClosed, SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        for (var i = first; i < past; i++)
        {
            ref var fragment = ref _fragments[_fragments.Gathered[i]];
            fragment.IsClosed = isClosed;
            fragment.IsDirty = false;
            if (i > first && fragment.Start >= _emitFrom)
            {
                // It may have been a session of its own before.
                remove(fragment.Key, fragment.Start);
            }
        }

        var session = _fragments.Merge(first, past);
        if (session.Start >= _emitFrom)
        {
            emit(in session);
        }
    }

    private bool IsAnyDirty()
    {
        foreach (var slot in _fragments.Gathered)
        {
            if (_fragments[slot].IsDirty)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsKnownAsClosed(int first, int past)
    {
        for (var i = first; i < past; i++)
        {
            if (!_fragments[_fragments.Gathered[i]].IsClosed)
            {
                return false;
            }
        }

        return true;
    }
}
