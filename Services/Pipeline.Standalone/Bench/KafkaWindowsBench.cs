using System.Diagnostics;
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
/// <param name="Events">How many events a topic that is not there is filled with.</param>
internal sealed record KafkaBenchSettings(string Servers, string Topic, int Events);

/// <summary>
/// A Kafka topic of events → validated → windows of one minute by nationality × gender and the other dimensions; results are made and thrown
/// away. The clock runs from the first batch to the last record; joining the group is not counted. A topic that is not there is made and filled first.
/// </summary>
internal static class KafkaWindowsBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<Dictionary<string, object>> RunAsync(KafkaBenchSettings bench, HostSettings settings, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("pipeline-bench-");
        try
        {
            await using var log = new KafkaRecordLog(bench.Servers, new KafkaOptions { Profile = KafkaProfile.Throughput }, TimeProvider.System, [bench.Topic]);
            if (!(await log.DescribeAsync(cancellationToken)).Any(p => p.TopicPartition.Topic == bench.Topic && p.HighWatermark > 0))
            {
                await log.CreateTopicsAsync([new TopicSpec(bench.Topic, Topics.Partitions, null)], cancellationToken);
                var file = Path.Combine(directory.FullName, "events.ndjson");
                await BenchEvents.WriteAsync(file, bench.Events, cancellationToken);
                await EmbeddedBench.AppendAsync(log, bench.Topic, file, TimeProvider.System, cancellationToken);
            }

            // A sink wants a store; nobody writes to it.
            var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [$"--Data:Directory={Path.Combine(directory.FullName, "data")}"] }, out _);
            builder.AddResultStore();
            await using var app = builder.Build();
            return await MeasureAsync(log, bench.Topic, app.Services.GetRequiredService<IResultStore>(), cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<Dictionary<string, object>> MeasureAsync(KafkaRecordLog log, string topic, IResultStore store, CancellationToken cancellationToken)
    {
        var ends = (await log.DescribeAsync(cancellationToken)).Where(p => p.TopicPartition.Topic == topic).ToDictionary(p => p.TopicPartition, p => p.HighWatermark);
        var partitions = ends.Keys.ToDictionary(p => p, p => new PartitionWindows(p, store));
        await using var reader = log.CreateReader(string.Create(CultureInfo.InvariantCulture, $"bench-{Guid.NewGuid():N}"));
        await reader.SubscribeAsync([topic], new FromTheStart(), cancellationToken);

        var open = ends.Where(e => e.Value > 0).Select(e => e.Key).ToHashSet();
        var events = 0L;
        var clock = new Stopwatch();
        var (cpu, box) = (TimeSpan.Zero, TimeSpan.Zero);
        var next = reader.ReadAsync(Patience, cancellationToken).AsTask();
        while (open.Count > 0)
        {
            using var batch = await next ?? throw new RecordLogException($"Kafka gave nothing for {Patience.TotalSeconds:0} s.", isTransient: true);
            if (events == 0)
            {
                (cpu, box) = (Environment.CpuUsage.TotalTime, BoxCpu.Now());
                clock.Start();
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

        clock.Stop();
        return new Dictionary<string, object>
        {
            ["name"] = "kafka-windows",
            ["events"] = events,
            ["seconds"] = Math.Round(clock.Elapsed.TotalSeconds, 3),
            ["events_per_second"] = Math.Round(events / clock.Elapsed.TotalSeconds),
            ["cpu_us_per_event"] = Math.Round((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / events, 3),
            ["box_cpu_us_per_event"] = Math.Round((BoxCpu.Now() - box).TotalMicroseconds / events, 3),
            ["rejected"] = partitions.Values.Sum(p => p.Rejected),
            ["results"] = partitions.Values.Sum(p => p.Results),
            ["peak_rss_mb"] = PeakRssMb(),
        };
    }

    private static long PeakRssMb()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 >> 20;
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
                .Then(new Metrics(Topics.Users, lateness, sink, ProcessorTopology.Minutes))
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
