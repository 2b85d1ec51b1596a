using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Tests.Processing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>One trace through the log: from whoever appended a record to the flush that stored it.</summary>
public sealed class KafkaTraceTests(MockKafkaFixture mock) : IClassFixture<MockKafkaFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Flush_RecordsCarryATraceContext_IsASpanOfKafkaThatLinksTheirTrace()
    {
        var partition = CountingTopology.Partition;
        mock.Cluster.CreateTopic(partition.Topic, 1);
        await using var log = new KafkaRecordLog(mock.Cluster.BootstrapServers, KafkaLogs.Options(), TimeProvider.System);
        var producer = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        records.Add("k"u8, CountingTopology.Record(0, 0, EventGen.Start, 0).Value, EventGen.Start);
        records.AddHeader("traceparent"u8, Encoding.ASCII.GetBytes($"00-{producer.TraceId}-{producer.SpanId}-01"));
        await writer.AppendAsync(partition.Topic, records, Stop);
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SemanticConventions.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var settings = new StreamTaskSettings { MessagingSystem = log.MessagingSystem };
        using var task = new StreamTask<CountingEvent>(
            partition,
            CountingTopology.Create(new MemorySink(new MemoryResults())),
            new InMemoryCheckpointStore(),
            new DeadLetterWriter(writer, TimeProvider.System, "g"),
            settings,
            TimeProvider.System,
            NullLogger.Instance);

        var start = await task.OpenAsync((await log.DescribeAsync(Stop)).Single(), Stop);
        await task.ProcessAsync(await log.FetchAsync(start, 10, Stop), Stop);
        await task.FlushAsync(early: false, Stop);

        // Other tests of this process trace, too.
        var span = Assert.Single(spans, s => s.Links.Any(link => link.Context.TraceId == producer.TraceId));
        Assert.Equal("kafka", span.GetTagItem(SemanticConventions.MessagingSystem));
        Assert.Equal(partition.Topic, span.GetTagItem(SemanticConventions.DestinationName));
        Assert.Equal(ActivityKind.Consumer, span.Kind);
    }
}
