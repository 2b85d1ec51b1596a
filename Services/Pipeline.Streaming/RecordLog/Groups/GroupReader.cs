using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Pipeline.Streaming.RecordLog.Groups;

/// <summary>
/// A member of a consumer group, for the logs that keep their groups themselves. All of its protocol happens inside
/// <see cref="ReadAsync"/>: heartbeats, giving partitions up, taking partitions over, reading.
/// </summary>
internal sealed class GroupReader(ILogSession session, string group, TimeSpan sessionTimeout, TimeProvider time, ILogger logger) : IRecordReader
{
    // Seek, Pause and Resume come from any thread.
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, Cursor> _cursors = [];
    private TopicPartition[] _turns = [];
    private uint _turn;

    private string _member = "";
    private IReadOnlyCollection<string> _topics = [];
    private IAssignmentListener? _listener;
    private long _generation = -1;
    private long _heartbeatDue;
    private bool _disposed;

    public async ValueTask SubscribeAsync(IReadOnlyCollection<string> topics, IAssignmentListener listener, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_listener is not null)
        {
            throw new InvalidOperationException("A reader subscribes once.");
        }

        _topics = topics;
        await JoinAsync(cancellationToken);
        _listener = listener;
    }

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var listener = _listener ?? throw new InvalidOperationException("Subscribe before reading.");
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (session.Refresh() != _generation || Now >= _heartbeatDue)
            {
                await SynchronizeAsync(listener, cancellationToken);
            }

            if (TryReadNext() is { } batch)
            {
                return batch;
            }

            var left = maxWait - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            var untilHeartbeat = TimeSpan.FromMilliseconds(Math.Max(1, _heartbeatDue - Now));
            await session.WaitForChangeAsync(left < untilHeartbeat ? left : untilHeartbeat, cancellationToken);
        }
    }

    public void Seek(Position position)
    {
        lock (_gate)
        {
            if (_cursors.TryGetValue(position.TopicPartition, out var cursor))
            {
                cursor.MoveTo(Math.Max(0, position.Offset));
            }
        }
    }

    public void Pause(TopicPartition topicPartition) => SetPaused(topicPartition, paused: true);

    public void Resume(TopicPartition topicPartition) => SetPaused(topicPartition, paused: false);

    public ValueTask CommitAsync(IReadOnlyCollection<Position> next, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return next.Count == 0 ? ValueTask.CompletedTask : session.CommitAsync(_member, next, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            if (_member.Length > 0)
            {
                await session.ChangeGroupAsync(LeaveGroup, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is RecordLogException or ObjectDisposedException)
        {
            // The others will notice when the lease runs out.
            Log.LeaveFailed(logger, group, _member, e);
        }
        finally
        {
            session.Dispose();
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private async ValueTask<Membership> JoinAsync(CancellationToken cancellationToken)
    {
        // A new name each time: whatever was committed under the old one stays fenced.
        _member = MemberName.New();
        var membership = await session.ChangeGroupAsync(
            state =>
            {
                state.Forget(MemberName.IsKnownDead);
                return state.Join(_member, _topics, Now, sessionTimeout);
            },
            cancellationToken);
        _heartbeatDue = Now + HeartbeatInterval;
        return membership;
    }

    private long HeartbeatInterval => (long)sessionTimeout.TotalMilliseconds / 3;

    private async ValueTask SynchronizeAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        var membership = await session.ChangeGroupAsync(state => state.Heartbeat(_member, Now, sessionTimeout), cancellationToken);
        _heartbeatDue = Now + HeartbeatInterval;
        if (!membership.IsMember)
        {
            Log.MembershipLost(logger, group, _member);
            await LoseAsync(listener, Assigned(), cancellationToken);
            membership = await JoinAsync(cancellationToken);
        }

        await LoseAsync(listener, [.. Assigned().Except(membership.Owned).Except(membership.ToRelease)], cancellationToken);
        while (membership.ToRelease.Count > 0)
        {
            membership = await RevokeAsync(listener, membership.ToRelease, cancellationToken);
        }

        await AssignAsync(listener, [.. membership.Owned.Except(Assigned())], cancellationToken);
        _generation = membership.Generation;
    }

    private async ValueTask LoseAsync(IAssignmentListener listener, TopicPartition[] lost, CancellationToken cancellationToken)
    {
        if (lost.Length > 0)
        {
            Remove(lost);
            Log.PartitionsLost(logger, group, lost);
            await listener.OnLostAsync(lost, cancellationToken);
        }
    }

    private async ValueTask<Membership> RevokeAsync(IAssignmentListener listener, IReadOnlyList<TopicPartition> revoked, CancellationToken cancellationToken)
    {
        var known = revoked.Intersect(Assigned()).ToArray();
        if (known.Length > 0)
        {
            Log.PartitionsRevoked(logger, group, known);
            await listener.OnRevokedAsync(known, cancellationToken);
            Remove(known);
        }

        return await session.ChangeGroupAsync(state => state.Release(_member, revoked), cancellationToken);
    }

    private async ValueTask AssignAsync(IAssignmentListener listener, TopicPartition[] added, CancellationToken cancellationToken)
    {
        if (added.Length == 0)
        {
            return;
        }

        // The cursors come first, so that the listener can pause and seek; they go again if it fails, to be assigned anew.
        var starts = await session.GetStartPositionsAsync(added, cancellationToken);
        lock (_gate)
        {
            foreach (var start in starts)
            {
                _cursors[start.TopicPartition] = new Cursor(start.Offset);
            }

            _turns = [.. _cursors.Keys.Order(TopicPartitionOrder.Instance)];
        }

        try
        {
            foreach (var chosen in await listener.OnAssignedAsync(added, cancellationToken))
            {
                Seek(chosen);
            }
        }
        catch
        {
            Remove(added);
            throw;
        }

        Log.PartitionsAssigned(logger, group, added);
    }

    private TopicPartition[] Assigned()
    {
        lock (_gate)
        {
            return _turns;
        }
    }

    private void Remove(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
            {
                _cursors.Remove(partition);
            }

            _turns = [.. _cursors.Keys.Order(TopicPartitionOrder.Instance)];
        }
    }

    /// <summary>Partitions take turns, so that a long backlog in one does not starve the others.</summary>
    private RecordBatch? TryReadNext()
    {
        for (var i = 0; i < _turns.Length; i++)
        {
            var partition = _turns[(int)(_turn++ % (uint)_turns.Length)];
            if (TryReadFrom(partition) is { } batch)
            {
                return batch;
            }
        }

        return null;
    }

    private RecordBatch? TryReadFrom(TopicPartition partition)
    {
        while (true)
        {
            long from;
            int moves;
            Cursor cursor;
            lock (_gate)
            {
                cursor = _cursors[partition];
                from = cursor.Next;
                moves = cursor.Moves;
                if (cursor.IsPaused)
                {
                    return null;
                }
            }

            var batch = session.TryRead(partition, from);
            if (batch is null)
            {
                return null;
            }

            lock (_gate)
            {
                if (cursor.Moves == moves)
                {
                    cursor.Advance(batch.NextOffset);
                    return batch;
                }
            }

            // Somebody sought while we read: these are not the records that are wanted now.
            batch.Dispose();
        }
    }

    private void SetPaused(TopicPartition partition, bool paused)
    {
        lock (_gate)
        {
            if (_cursors.TryGetValue(partition, out var cursor))
            {
                cursor.IsPaused = paused;
            }
        }
    }

    private Membership LeaveGroup(ConsumerGroupState state)
    {
        state.Leave(_member);
        return new Membership(state.Generation, IsMember: false, [], []);
    }

    private sealed class Cursor(long next)
    {
        public long Next { get; private set; } = next;

        /// <summary>How often somebody sought, to notice one that came while a batch was being read.</summary>
        public int Moves { get; private set; }

        public bool IsPaused { get; set; }

        public void Advance(long next) => Next = next;

        public void MoveTo(long offset)
        {
            Next = offset;
            Moves++;
        }
    }
}
