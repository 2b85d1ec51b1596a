using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Processor;

/// <summary>Makes the task of a partition; live processing and rebuilding use the same one.</summary>
internal sealed class ProcessorTasks(
    IRecordLog log,
    IResultStore store,
    ICheckpointStore checkpoints,
    IOptions<ProcessorOptions> options,
    TimeProvider time,
    ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly QualityRules _rules = new(ContractModel.Embedded);
    private readonly IRecordWriter _writer = log.CreateWriter();
    private readonly CheckpointBuffer _buffer = new();
    private readonly ILogger _logger = loggers.CreateLogger("Pipeline.Streaming.Processing");

    /// <summary>Name under which this process claims partitions.</summary>
    public static string Owner { get; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    public StreamTask<PipelineEvent> Create(TopicPartition partition) => Create(partition, options.Value.Task);

    public StreamTask<PipelineEvent> Create(TopicPartition partition, StreamTaskSettings settings)
    {
        var sink = new ResultSink(partition, store, _rules, time, Owner);
        var topology = ProcessorTopology.Create(partition.Topic, _rules, options.Value, sink);
        var deadLetters = new DeadLetterWriter(_writer, time, options.Value.Group, Topics.DeadLetterSuffix);
        var tables = new TableReader(log, time, options.Value.ProfileDelay / 2, _logger);
        return new StreamTask<PipelineEvent>(partition, topology, checkpoints, deadLetters, settings with { MessagingSystem = log.MessagingSystem }, time, _logger, tables, _buffer);
    }

    public ValueTask DisposeAsync()
    {
        _buffer.Dispose();
        return _writer.DisposeAsync();
    }
}
