using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing.Steps;

/// <summary>The id by which an event is recognised.</summary>
public delegate Guid EventIdSelector<TEvent>(in TEvent streamEvent)
    where TEvent : struct;

/// <summary>
/// Turns away events whose id was seen before. An id is remembered for at least <paramref name="horizon"/> of watermark
/// progress after its arrival, in two generations: when the watermark has moved by the horizon the older one is dropped. The
/// number of ids is bounded by <paramref name="maxIds"/> per generation; a full generation ends early, which shortens the horizon.
/// </summary>
/// <remarks>
/// Stands behind quality (a record that became a dead letter is not "seen": its repaired redrive must pass) and before lateness,
/// so what it lets through ends stored or late. Generations turn by the watermark of each record, never by a clock or a batch's end.
/// </remarks>
public sealed class Deduplicate<TEvent>(EventIdSelector<TEvent> eventId, TimeSpan horizon, int maxIds = 4_000_000) : Step<TEvent>("deduplicate")
    where TEvent : struct
{
    private const long NoTime = long.MinValue + 1;

    private readonly long _horizon = (long)horizon.TotalMilliseconds;
    private IdSet _current = new();
    private IdSet _previous = new();
    private long _turnAt = long.MinValue;

    public override string StateDefinition => FormattableString.Invariant($"ids over {_horizon} ms, at most {maxIds} each");

    public override long StateEntries => _current.Count + _previous.Count;

    public override void Process(StreamBatch<TEvent> batch)
    {
        var events = batch.Events;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < events.Length; i++)
        {
            if (!batch.IsPending(i))
            {
                continue;
            }

            if (watermarks[i] >= _turnAt || _current.Count >= maxIds)
            {
                Turn(watermarks[i]);
            }

            var id = eventId(in events[i]);
            if (_previous.Contains(id) || !_current.Add(id))
            {
                batch.Divert(i, Outcome.Duplicate);
            }
        }
    }

    public override void Save(StateWriter writer)
    {
        writer.Write(_turnAt);
        _current.Save(writer);
        _previous.Save(writer);
    }

    public override void Restore(ref StateReader reader)
    {
        _turnAt = reader.Read<long>();
        _current.Restore(ref reader);
        _previous.Restore(ref reader);
    }

    private void Turn(long watermark)
    {
        if (watermark == long.MinValue)
        {
            // Nothing but records from the far future so far: no time to measure by, only the bound counts.
            _turnAt = NoTime;
        }
        else
        {
            // The last id of the current generation came before the turn was due: after a jump in time it is too old as well.
            if (_turnAt > NoTime && watermark - _turnAt >= _horizon)
            {
                _current.Clear();
            }

            _turnAt = watermark + _horizon;
        }

        (_current, _previous) = (_previous, _current);
        _current.Clear();
    }
}
