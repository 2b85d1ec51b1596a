using System.Diagnostics.Metrics;
using System.Globalization;
using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.Diagnostics;

/// <summary>Sampled values of a worker's partitions. A meter of its own, so that its instruments leave with the worker.</summary>
internal sealed class StreamWorkerMetrics : IDisposable
{
    private readonly Meter _meter = new(SemanticConventions.Source);

    public StreamWorkerMetrics(Func<IReadOnlyList<PartitionStatus>> status, TimeProvider time)
    {
        _meter.CreateObservableCounter(
            SemanticConventions.ConsumedMessages,
            () => status().Select(p => new Measurement<long>(p.Progress.Counters.Consumed, Tags(p))),
            "{message}",
            "Records processed.");
        _meter.CreateObservableCounter(
            SemanticConventions.Records,
            () => status().SelectMany(Outcomes),
            "{record}",
            "Records by outcome.");
        _meter.CreateObservableCounter(
            SemanticConventions.LateRecords,
            () => status().Select(p => new Measurement<long>(p.Progress.Counters.Late, Tags(p))),
            "{record}",
            "Records whose window was closed for good.");
        _meter.CreateObservableCounter(
            SemanticConventions.DeadLetteredRecords,
            () => status().Select(p => new Measurement<long>(p.Progress.Counters.DeadLettered, Tags(p))),
            "{record}",
            "Records set aside.");
        _meter.CreateObservableGauge(
            SemanticConventions.ConsumerLag,
            () => status().Select(p => new Measurement<long>(p.Lag, Tags(p))),
            "{record}",
            "Records in the log that are not yet processed.");
        _meter.CreateObservableGauge(
            SemanticConventions.WatermarkLag,
            () => status().Where(p => !p.Progress.Watermark.IsNone).Select(p => new Measurement<double>(
                (time.GetUtcNow().ToUnixTimeMilliseconds() - p.Progress.Watermark.Value) / 1000.0,
                Tags(p))),
            "s",
            "How far the watermark trails the clock.");
        _meter.CreateObservableGauge(
            SemanticConventions.QueueDepth,
            () => status().Select(p => new Measurement<int>(p.QueueDepth, [.. Tags(p), new(SemanticConventions.Stage, "process")])),
            "{batch}",
            "Batches that wait to be processed.");
        _meter.CreateObservableGauge(
            SemanticConventions.StateEntries,
            () => status().Select(p => new Measurement<long>(p.StateEntries, Tags(p))),
            "{entry}",
            "Entries in keyed state.");
        _meter.CreateObservableGauge(
            SemanticConventions.CheckpointAge,
            () => status().Select(p => new Measurement<double>(p.SinceCheckpoint.TotalSeconds, Tags(p))),
            "s",
            "Time since the last checkpoint when the partition was last active.");
        AddSteps(status);
    }

    public void Dispose() => _meter.Dispose();

    private void AddSteps(Func<IReadOnlyList<PartitionStatus>> status)
    {
        _meter.CreateObservableCounter(
            SemanticConventions.TaskTime,
            () => status().SelectMany(Times),
            "s",
            "Where the tasks' time goes: busy, idle, or waiting for the store.");
        _meter.CreateObservableCounter(
            SemanticConventions.StepRecordsIn, () => OfSteps(status, s => s.RecordsIn), "{record}", "Records that came into a step.");
        _meter.CreateObservableCounter(
            SemanticConventions.StepRecordsOut, () => OfSteps(status, s => s.RecordsOut), "{record}", "Records that went on from a step.");
        _meter.CreateObservableCounter(
            SemanticConventions.StepRecordsRefused, () => OfSteps(status, s => s.Refused), "{record}", "Records that a step's state did not take.");
        _meter.CreateObservableCounter(
            SemanticConventions.StepTime, () => OfSteps(status, s => s.Busy.TotalSeconds), "s", "Time that a step worked.");
    }

    private static IEnumerable<Measurement<T>> OfSteps<T>(Func<IReadOnlyList<PartitionStatus>> status, Func<StepStatus, T> value)
        where T : struct
        => status().SelectMany(p => p.Topology.Steps.Select(s => new Measurement<T>(value(s), [.. Tags(p), new(SemanticConventions.Stage, s.Name)])));

    private static IEnumerable<Measurement<double>> Times(PartitionStatus status)
    {
        yield return Of("busy", status.Times.Busy);
        yield return Of("idle", status.Times.Idle);
        yield return Of("back_pressured", status.Times.BackPressured);

        Measurement<double> Of(string activity, TimeSpan value) => new(value.TotalSeconds, [.. Tags(status), new(SemanticConventions.Activity, activity)]);
    }

    private static KeyValuePair<string, object?>[] Tags(PartitionStatus status)
        =>
        [
            new(SemanticConventions.DestinationName, status.TopicPartition.Topic),
            new(SemanticConventions.DestinationPartition, status.TopicPartition.Partition.ToString(CultureInfo.InvariantCulture)),
        ];

    private static IEnumerable<Measurement<long>> Outcomes(PartitionStatus status)
    {
        var counters = status.Progress.Counters;
        yield return Of("stored", counters.Stored);
        yield return Of("dead_lettered", counters.DeadLettered);
        yield return Of("late", counters.Late);
        yield return Of("duplicate", counters.Duplicate);

        Measurement<long> Of(string outcome, long value) => new(value, [.. Tags(status), new(SemanticConventions.Outcome, outcome)]);
    }
}
