using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Ingest;

/// <summary>The meter <c>Pipeline.Ingest</c>.</summary>
internal sealed class IngestInstruments
{
    private readonly Counter<long> _events;

    public IngestInstruments(IMeterFactory meters)
        => _events = meters.Create("Pipeline.Ingest").CreateCounter<long>(
            "pipeline.ingest.events", "{event}", "Events that came in, by the topic they were meant for and by what became of them: produced or rejected.");

    public void Taken(string topic, int produced, int rejected)
    {
        _events.Add(produced, new TagList { { "messaging.destination.name", topic }, { "pipeline.ingest.outcome", "produced" } });
        if (rejected > 0)
        {
            _events.Add(rejected, new TagList { { "messaging.destination.name", topic }, { "pipeline.ingest.outcome", "rejected" } });
        }
    }
}
