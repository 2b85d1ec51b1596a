using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Processor;

/// <summary>Processes both topics for as long as the host runs. An exception that escapes stops the host: the next start resumes from the checkpoint.</summary>
internal sealed class ProcessorWorker(
    IRecordLog log,
    ProcessorTasks tasks,
    IOptions<ProcessorOptions> options,
    TimeProvider time,
    ILogger<ProcessorWorker> logger) : BackgroundService
{
    private readonly StreamWorker<PipelineEvent> _worker = new(
        log,
        new StreamWorkerSettings
        {
            Group = options.Value.Group,
            Topics = Topics.All,
            DrainDeadline = options.Value.DrainDeadline,
            IdleTimeout = options.Value.IdleTimeout,
            MaxWatermarkDrift = options.Value.MaxWatermarkDrift,
        },
        tasks.Create,
        time,
        logger);

    public StreamWorker<PipelineEvent> Worker => _worker;

    public ProcessingGate Gate { get; } = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Gate.RunAsync(_worker.RunAsync, stoppingToken);
}
