using System.Runtime.CompilerServices;
using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// The end of sessions: each is emitted as closed when the watermark has passed its gap, and discarded when no record can change it any more.
/// Knows when that is without looking at all of them. Not thread-safe.
/// </summary>
/// <param name="gap">The longest silence inside a session, ms.</param>
/// <param name="retention">How long a closed session is kept, ms: a record may be so far behind the watermark and still be accepted.</param>
internal sealed class SessionCompletion<TKey, TAccumulator>(long gap, long retention, SessionFragments<TKey, TAccumulator> fragments)
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    private const int BucketsPerGap = 64;

    private readonly DueSlots _due = new(TimeSpan.FromMilliseconds(Math.Max(1, gap / BucketsPerGap)));
    private readonly List<int> _gone = [];

    // No session needs attention before the watermark reaches this.
    private long _nextDue = long.MaxValue;

    public Watermark Watermark { get; set; } = Watermark.None;

    /// <summary>Sessions that begin before this (Unix ms) are incomplete, and nobody is told of them.</summary>
    public long EmitFrom { get; set; } = long.MinValue;

    /// <summary>Whether <see cref="SettleDue"/> has anything to look at.</summary>
    public bool IsAnyDue => Watermark.Value >= _nextDue;

    /// <summary>The watermark at which a session closes: an event exactly one gap after the last one still belongs to it, and one on the watermark is still on time.</summary>
    public long ClosesAt(long last) => last + gap + 1;

    /// <summary>A fragment is open: new, extended, or opened again by a late event.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Schedule(ref Session<TKey, TAccumulator> fragment, int slot)
    {
        var due = ClosesAt(fragment.Last);
        if (due < fragment.Due || fragment.Due == 0)
        {
            // New, or closed before; one that is only extended is found where it was due.
            LookAt(slot, due);
        }

        fragment.Due = due;
    }

    /// <summary>A fragment is no more.</summary>
    public void Release(int slot)
    {
        _due.Forget(slot);
        fragments.Release(slot);
    }

    /// <summary>After fragments were restored with the times at which they are due.</summary>
    public void Restore()
    {
        for (var slot = 0; slot < fragments.Used; slot++)
        {
            if (fragments[slot].IsUsed)
            {
                LookAt(slot, fragments[slot].Due);
            }
        }
    }

    /// <summary>Settles the sessions that the watermark has reached.</summary>
    public void SettleDue(SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        _nextDue = long.MaxValue;
        _due.Advance(Watermark.Value);
        var near = _due.Near;
        for (var i = 0; i < near.Count; i++)
        {
            if (_due.IsNear(near[i]) && Watermark.Value >= fragments[near[i]].Due)
            {
                Settle(fragments[near[i]].Key, early: false, emit, remove);
            }
        }

        var kept = 0;
        for (var i = 0; i < near.Count; i++)
        {
            var slot = near[i];
            if (_due.IsNear(slot) && !_due.TryPutAway(slot, fragments[slot].Due))
            {
                near[kept++] = slot;
                _nextDue = Math.Min(_nextDue, fragments[slot].Due);
            }
        }

        near.RemoveRange(kept, near.Count - kept);
        _nextDue = Math.Min(_nextDue, _due.NextBucket);
    }

    /// <summary>Emits those sessions of a key that are to be, and discards those that no record can change any more.</summary>
    public void Settle(TKey key, bool early, SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        fragments.Gather(key);

        // One event more can move every cut behind it, so one dirty fragment makes all sessions of the key dirty.
        var isDirty = IsAnyDirty();
        for (int first = 0, past; first < fragments.Gathered.Count; first = past)
        {
            past = fragments.PastOf(first);
            var last = fragments[fragments.Gathered[past - 1]].Last;
            var isClosed = Watermark.Value >= ClosesAt(last);
            if (isClosed ? isDirty || !IsKnownAsClosed(first, past) : early && isDirty)
            {
                Emit(first, past, isClosed, emit, remove);
            }

            var due = isClosed ? last + gap + retention : ClosesAt(last);
            for (var i = first; i < past; i++)
            {
                var slot = fragments.Gathered[i];
                fragments[slot].Due = due;
                if (isClosed && Watermark.Value >= due)
                {
                    _gone.Add(slot);
                }
                else
                {
                    LookAt(slot, due);
                }
            }
        }

        foreach (var slot in _gone)
        {
            fragments.Unlink(slot);
            Release(slot);
        }

        _gone.Clear();
    }

    private void LookAt(int slot, long due)
    {
        _due.Schedule(slot, due);
        _nextDue = Math.Min(_nextDue, due);
    }

    private void Emit(int first, int past, bool isClosed, SessionEmitter<TKey, TAccumulator> emit, Action<TKey, long> remove)
    {
        for (var i = first; i < past; i++)
        {
            ref var fragment = ref fragments[fragments.Gathered[i]];
            fragment.IsClosed = isClosed;
            fragment.IsDirty = false;
            if (i > first && fragment.Start >= EmitFrom)
            {
                // It may have been a session of its own before.
                remove(fragment.Key, fragment.Start);
            }
        }

        var session = fragments.Merge(first, past);
        if (session.Start >= EmitFrom)
        {
            emit(in session);
        }
    }

    private bool IsAnyDirty()
    {
        foreach (var slot in fragments.Gathered)
        {
            if (fragments[slot].IsDirty)
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
            if (!fragments[fragments.Gathered[i]].IsClosed)
            {
                return false;
            }
        }

        return true;
    }
}
