using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing.Steps;

/// <summary>The id by which an event is recognised.</summary>
public delegate Guid EventIdSelector<TEvent>(in TEvent streamEvent)
    where TEvent : struct;

/// <summary>
/// Turns away events whose id was seen before. An id is remembered for at least <paramref name="horizon"/> of watermark
/// progress after its arrival, and for two thirds more at most: ids are kept in generations of a third of the horizon, which are dropped as a whole.
/// </summary>
/// <param name="maxIds">Bound on the ids of all generations, of each of which 64 bits of a hash are kept (<see cref="FingerprintSet"/>). When more come within the horizon, it is shortened. Default: 4,000,000, that is 50 MB.</param>
/// <remarks>
/// Stands behind quality (a record that became a dead letter is not "seen": its repaired redrive must pass) and before lateness,
/// so what it lets through ends stored or late. Generations turn by the watermark of each record, never by a clock or a batch's end.
/// </remarks>
public sealed class Deduplicate<TEvent>(EventIdSelector<TEvent> eventId, TimeSpan horizon, int maxIds = 4_000_000) : Step<TEvent>("deduplicate")
    where TEvent : struct
{
    private const int GenerationsPerHorizon = 3;

    /// <summary>Those of the horizon, and the one that is being left.</summary>
    private const int MaxGenerations = GenerationsPerHorizon + 1;
    private const long NoTime = long.MinValue;
    private const long BeforeAnyTime = NoTime + 1;

    private readonly long _horizon = (long)horizon.TotalMilliseconds;
    private readonly int _maxPerGeneration = Math.Max(1, maxIds / (MaxGenerations + 1));
    private readonly List<Generation> _generations = [];
    private FingerprintSet _current = new();
    private long _turnAt = NoTime;

    public override string StateDefinition => FormattableString.Invariant($"fingerprints of ids over {_horizon} ms, at most {maxIds}");

    public override long StateEntries => _current.Count + _generations.Sum(g => (long)g.Ids.Count);

    /// <summary>Bytes that the ids take.</summary>
    public long StateBytes => _current.Bytes + _generations.Sum(g => g.Ids.Bytes);

    /// <summary>Before, ids were kept whole; and before that, in two generations, each of the whole horizon.</summary>
    public override bool Supersedes(string definition)
        => $"fingerprints of {definition}" == StateDefinition
            || (definition.StartsWith("ids over ", StringComparison.Ordinal) && definition.EndsWith(" each", StringComparison.Ordinal));

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

            if (watermarks[i] >= _turnAt || _current.Count >= _maxPerGeneration)
            {
                Turn(watermarks[i]);
            }

            var id = FingerprintSet.Of(eventId(in events[i]));
            if (WasSeen(id) || !_current.Add(id))
            {
                batch.Divert(i, Outcome.Duplicate);
            }
        }
    }

    public override void Save(StateWriter writer)
    {
        writer.Write(_turnAt);
        writer.Write(_generations.Count);
        foreach (var generation in _generations)
        {
            writer.Write(generation.EndedAt);
            generation.Ids.Save(writer);
        }

        _current.Save(writer);
    }

    public override void Restore(ref StateReader reader)
    {
        _turnAt = reader.Read<long>();
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            var endedAt = reader.Read<long>();
            var ids = new FingerprintSet();
            ids.Restore(ref reader);
            ids.Compact();
            _generations.Add(new Generation(ids, endedAt));
        }

        _current.Restore(ref reader);
    }

    private bool WasSeen(ulong id)
    {
        for (var i = _generations.Count - 1; i >= 0; i--)
        {
            if (_generations[i].Ids.Contains(id))
            {
                return true;
            }
        }

        return false;
    }

    private void Turn(long watermark)
    {
        if (_current.Count > 0)
        {
            // No id of it came at a later watermark than this.
            var endedAt = _turnAt <= BeforeAnyTime ? watermark : Math.Min(watermark, _turnAt);
            var size = _current.Count;
            _current.Compact();
            _generations.Add(new Generation(_current, endedAt));
            _current = new FingerprintSet(size);
        }

        if (watermark == NoTime)
        {
            // Nothing but records from the far future so far: no time to measure by, only the bound counts.
            _turnAt = BeforeAnyTime;
        }
        else
        {
            _generations.RemoveAll(g => g.EndedAt != NoTime && watermark - g.EndedAt >= _horizon);
            for (var i = 0; i < _generations.Count && _generations[i].EndedAt == NoTime; i++)
            {
                _generations[i] = _generations[i] with { EndedAt = watermark };
            }

            _turnAt = watermark + (_horizon / GenerationsPerHorizon);
        }

        if (_generations.Count > MaxGenerations)
        {
            _generations.RemoveAt(0);
        }
    }

    private readonly record struct Generation(FingerprintSet Ids, long EndedAt);
}
