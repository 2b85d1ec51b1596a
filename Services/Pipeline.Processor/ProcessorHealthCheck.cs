using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor;

/// <summary>A worker that ended or doesn't poll is unhealthy; one that is paused, or whose partitions are held back or fenced, is degraded.</summary>
internal sealed class ProcessorHealthCheck(ProcessorWorker worker, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(30);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (worker.ExecuteTask is not { } execution)
        {
            return HealthCheckResult.Degraded("The processor has not started yet.");
        }

        if (execution.IsCompleted)
        {
            return HealthCheckResult.Unhealthy("The processor has stopped.", execution.Exception?.GetBaseException());
        }

        if (worker.Gate.IsPaused)
        {
            return HealthCheckResult.Degraded("Processing is paused.");
        }

        var status = worker.Worker.Status;
        var data = new Dictionary<string, object>
        {
            ["partitions"] = status.Count,
            ["lag"] = status.Sum(p => p.Lag),
        };
        if (!worker.Worker.Watermark.IsNone)
        {
            data["watermark"] = DateTimeOffset.FromUnixTimeMilliseconds(worker.Worker.Watermark.Value).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        }

        if (worker.Worker.LastPoll != 0 && time.GetElapsedTime(worker.Worker.LastPoll) > LongestPoll)
        {
            return HealthCheckResult.Unhealthy($"The processor has not read for more than {LongestPoll.TotalSeconds:F0} s.", data: data);
        }

        var held = status.Where(p => p.State is TaskState.Fenced or TaskState.BackPressured).Select(p => $"{p.TopicPartition} is {p.State}").ToList();
        return held.Count == 0
            ? HealthCheckResult.Healthy($"{status.Count} partitions.", data)
            : HealthCheckResult.Degraded(string.Join("; ", held), data: data);
    }
}
