using System.Globalization;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Processor.Steps;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Standalone.Bench;

/// <param name="Servers">host:port of the brokers.</param>
internal sealed record KafkaBenchSettings(string Servers, string Topic);

/// <summary>
/// A Kafka topic of events → validated → windows of one minute by nationality × gender and the other dimensions; results are made and thrown
/// away. The clock runs to the last record; joining the group and the first events, during which code is compiled, are not counted. A topic that is not there is made and filled first.
/// </summary>
internal static class KafkaWindowsBench
{
    private const int Warmup = 200_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="events">How many events a topic that is not there is filled with.</param>
    public static async Task<Figures> RunAsync(KafkaBenchSettings kafka, int events, HostSettings settings, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [.. settings.Configuration, directory.Setting] }, out _);
        await using var log = KafkaTopic.Open(kafka.Servers, kafka.Topic, builder.Configuration);
        await KafkaTopic.FillAsync(log, kafka.Topic, events, directory, cancellationToken);

        // A sink wants a store; nobody writes to it.
        builder.AddResultStore();
        await using var app = builder.Build();
        return await MeasureAsync(log, kafka.Topic, app.Services.GetRequiredService<IResultStore>(), cancellationToken);
    }

    private static async Task<Figures> MeasureAsync(KafkaRecordLog log, string topic, IResultStore store, CancellationToken cancellationToken)
    {
        var ends = (await log.DescribeAsync(cancellationToken)).Where(p => p.TopicPartition.Topic == topic).ToDictionary(p => p.TopicPartition, p => p.HighWatermark);
        var partitions = ends.Keys.ToDictionary(p => p, p => new PartitionWindows(p, store));
        await using var reader = log.CreateReader(string.Create(CultureInfo.InvariantCulture, $"bench-{Guid.NewGuid():N}"));
        await reader.SubscribeAsync([topic], new FromTheStart(), cancellationToken);

        var open = ends.Where(e => e.Value > 0).Select(e => e.Key).ToHashSet();
        var events = 0L;
        var warm = -1L;
        var meter = new Meter();
        var box = TimeSpan.Zero;
        var next = reader.ReadAsync(Patience, cancellationToken).AsTask();
        while (open.Count > 0)
        {
            using var batch = await next ?? throw new RecordLogException($"Kafka gave nothing for {Patience.TotalSeconds:0} s.", isTransient: true);
            if (warm < 0 && events >= Warmup)
            {
                warm = events;
                box = BoxCpu.Now();
                meter.Start();
            }

            // The next batch is made while this one is processed.
            next = reader.ReadAsync(Patience, cancellationToken).AsTask();
            events += batch.Count;
            partitions[batch.TopicPartition].Process(batch);
            if (batch.NextOffset >= ends[batch.TopicPartition])
            {
                open.Remove(batch.TopicPartition);
            }
        }

        if (warm < 0)
        {
            throw new RecordLogException($"The topic has {events} events; the first {Warmup} are not counted.", isTransient: false);
        }

        var figures = meter.Stop().Figures("kafka-windows", events - warm);
        figures["box_cpu_us_per_event"] = Math.Round((BoxCpu.Now() - box).TotalMicroseconds / (events - warm), 3);
        figures["rejected"] = partitions.Values.Sum(p => p.Rejected);
        figures["results"] = partitions.Values.Sum(p => p.Results);
        return figures;
    }

    /// <summary>The steps of one partition, as the processor has them.</summary>
    private sealed class PartitionWindows
    {
        private readonly StreamBatch<PipelineEvent> _batch = new();
        private readonly Topology<PipelineEvent> _topology;

        public PartitionWindows(TopicPartition partition, IResultStore store)
        {
            var options = new ProcessorOptions();
            var rules = new QualityRules(ContractModel.Embedded);
            var lateness = AllowedLateness.Of(options.AllowedLateness);
            var sink = new ResultSink(partition, store, rules, TimeProvider.System, "bench");
            _topology = Topology.From<PipelineEvent>(partition.Topic)
                .Then(new Parse(rules))
                .Then(new Quality(rules))
                .WithEventTime(options.EventTime)
                .Then(new Enrich())
                .Then(new Metrics(Topics.Users, lateness, sink, earlyEvery: 1, ProcessorTopology.Minutes))
                .To(sink, status => Rejections.Describe(rules, status));
        }

        public long Results { get; private set; }

        public long Rejected { get; private set; }

        public void Process(RecordBatch records)
        {
            _batch.Load(records);
            _topology.Process(_batch);
            _topology.Flush(early: false);
            foreach (var status in _batch.Statuses)
            {
                Rejected += status.Outcome == Outcome.DeadLettered ? 1 : 0;
            }

            Results += _topology.Sink.PendingRows;
            _topology.Sink.Clear();
        }
    }

    private sealed class FromTheStart : IAssignmentListener
    {
        public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
            => ValueTask.FromResult<IReadOnlyCollection<Position>>([.. partitions.Select(p => new Position(p, -1))]);

        public ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
