using System.Runtime.CompilerServices;
using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// What travels through the steps: the records of a <see cref="RecordBatch"/> and, parallel to them, the decoded events, their
/// times, the watermark as of each record, and the outcome of each. Reused from batch to batch; nothing is allocated per record.
/// </summary>
/// <remarks>
/// The watermark is kept <em>per record</em> because lateness and duplicates must not depend on how the log happened to cut its
/// batches: a replay with other batches has to decide the same.
/// </remarks>
public sealed class StreamBatch<TEvent>
    where TEvent : struct
{
    private TEvent[] _events = [];
    private long[] _eventTimes = [];
    private long[] _watermarks = [];
    private RecordStatus[] _statuses = [];

    public StreamBatch() => Records = RecordBatch.Empty(default, 0, 0);

    public RecordBatch Records { get; private set; }

    public int Count { get; private set; }

    /// <summary>How many records have no outcome yet.</summary>
    public int Pending { get; private set; }

    public Span<TEvent> Events => _events.AsSpan(0, Count);

    /// <summary>Unix ms; set by the step that decodes.</summary>
    public Span<long> EventTimes => _eventTimes.AsSpan(0, Count);

    /// <summary>The watermark after each record, Unix ms; set by <see cref="Steps.AssignWatermarks{TEvent}"/>.</summary>
    public Span<long> Watermarks => _watermarks.AsSpan(0, Count);

    public ReadOnlySpan<RecordStatus> Statuses => _statuses.AsSpan(0, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsPending(int index) => _statuses[index].Outcome == Outcome.Pending;

    public Watermark WatermarkAt(int index) => new(_watermarks[index]);

    /// <summary>The record becomes a dead letter.</summary>
    public void Reject(int index, byte reason, byte detail = 0, int rule = -1, int errorOffset = -1)
        => Settle(index, new RecordStatus(Outcome.DeadLettered, reason, detail, (short)rule, errorOffset));

    /// <summary>The record leaves the way to the store for another outcome.</summary>
    public void Divert(int index, Outcome outcome) => Settle(index, new RecordStatus(outcome, 0, 0, -1, -1));

    /// <summary>Starts with the next records; all of them pending.</summary>
    public void Load(RecordBatch records)
    {
        Records = records;
        Count = Pending = records.Count;
        if (_events.Length < Count)
        {
            var size = Math.Max(Count, _events.Length * 2);
            _events = new TEvent[size];
            _eventTimes = new long[size];
            _watermarks = new long[size];
            _statuses = new RecordStatus[size];
        }

        Array.Clear(_statuses, 0, Count);
    }

    /// <summary>What no step turned away is stored.</summary>
    internal void CompletePending()
    {
        for (var i = 0; Pending > 0 && i < Count; i++)
        {
            if (_statuses[i].Outcome == Outcome.Pending)
            {
                Divert(i, Outcome.Stored);
            }
        }
    }

    private void Settle(int index, RecordStatus status)
    {
        if (_statuses[index].Outcome != Outcome.Pending)
        {
            throw new InvalidOperationException($"Record {index} has an outcome already: {_statuses[index].Outcome}.");
        }

        _statuses[index] = status;
        Pending--;
    }
}
