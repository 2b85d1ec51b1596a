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
    public async Task Flush_AllRecordsOfOneTrace_GoesOnInThatTrace()
    {
        var producer = NewContext();

        var span = await FlushAsync(producer, producer);

        Assert.Equal(producer.TraceId, span.TraceId);
        Assert.Equal(producer.SpanId, span.ParentSpanId);
        Assert.Equal("kafka", span.GetTagItem(SemanticConventions.MessagingSystem));
        Assert.Equal(ActivityKind.Consumer, span.Kind);
    }

    [Fact]
    public async Task Flush_RecordsOfSeveralTraces_IsATraceOfItsOwnThatLinksThem()
    {
        var (one, other) = (NewContext(), NewContext());

        var span = await FlushAsync(one, other, one);

        Assert.Equal([one.TraceId, other.TraceId], span.Links.Select(link => link.Context.TraceId));
        Assert.Equal(default, span.ParentSpanId);
    }

    [Fact]
    public async Task Flush_SomeRecordsWithoutATrace_IsATraceOfItsOwn()
    {
        var producer = NewContext();

        var span = await FlushAsync(producer, default);

        Assert.Equal(default, span.ParentSpanId);
        Assert.Equal(producer.TraceId, Assert.Single(span.Links).Context.TraceId);
    }

    private static ActivityContext NewContext() => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    /// <summary>The span of the flush that stored one record of each producer; without a trace for the default context.</summary>
    private async Task<Activity> FlushAsync(params ActivityContext[] producers)
    {
        var partition = CountingTopology.Partition with { Topic = $"trace-{Guid.NewGuid():N}" };
        mock.Cluster.CreateTopic(partition.Topic, 1);
        await using var log = new KafkaRecordLog(mock.Cluster.BootstrapServers, KafkaLogs.Options(), TimeProvider.System);
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        foreach (var producer in producers)
        {
            records.Add("k"u8, CountingTopology.Record(0, 0, EventGen.Start, 0).Value, EventGen.Start);
            if (producer != default)
            {
                records.AddHeader("traceparent"u8, Encoding.ASCII.GetBytes($"00-{producer.TraceId}-{producer.SpanId}-01"));
            }
        }

        await writer.AppendAsync(partition.Topic, records, Stop);
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SemanticConventions.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var task = new StreamTask<CountingEvent>(
            partition,
            CountingTopology.Create(new MemorySink(new MemoryResults())),
            new InMemoryCheckpointStore(),
            new DeadLetterWriter(writer, TimeProvider.System, "g"),
            new StreamTaskSettings { MessagingSystem = log.MessagingSystem },
            TimeProvider.System,
            NullLogger.Instance);

        var start = await task.OpenAsync((await log.DescribeAsync(Stop)).Single(described => described.TopicPartition == partition), Stop);
        await task.ProcessAsync(await log.FetchAsync(start, producers.Length, Stop), Stop);
        await task.FlushAsync(early: false, Stop);

        // Other tests of this process trace, too.
        return Assert.Single(spans, span => span.GetTagItem(SemanticConventions.DestinationName) as string == partition.Topic);
    }
}
