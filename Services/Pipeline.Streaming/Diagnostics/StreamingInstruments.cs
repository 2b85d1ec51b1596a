using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Streaming.Diagnostics;

/// <summary>The engine's meter, activity source and instruments. Values that are sampled (lag, depth) are observed by the worker.</summary>
internal static class StreamingInstruments
{
    internal static readonly ActivitySource Activities = new(SemanticConventions.Source);

    internal static readonly Meter Meter = new(SemanticConventions.Source);

    internal static readonly Histogram<double> CheckpointDuration =
        Meter.CreateHistogram<double>(SemanticConventions.CheckpointDuration, "s", "Time to save a checkpoint.");

    internal static readonly Counter<long> Retries =
        Meter.CreateCounter<long>(SemanticConventions.Retries, "{attempt}", "Effects that had to be tried again.");
}
