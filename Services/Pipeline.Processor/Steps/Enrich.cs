using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>
/// Adds what can be derived from the event alone. What a table look-up at the end gives as well (country and region of the
/// nationality, see <see cref="Contracts.EventEnrichment"/>) is left until its row is made.
/// </summary>
internal sealed class Enrich() : Step<PipelineEvent>("enrich")
{
    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var events = batch.Events;
        for (var i = 0; i < events.Length; i++)
        {
            if (batch.IsPending(i))
            {
                ref var e = ref events[i];
                e.AgeBand = AgeBands.IndexOf(e.Decoded.Age);
                e.UserHash = HyperLogLog.HashOf(e.Decoded.UserId);
            }
        }
    }
}
