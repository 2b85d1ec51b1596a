using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Services.Tests.Ingest;
using Pipeline.Services.Tests.Processor;
using Pipeline.Simulator;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Telemetry;

/// <summary>One trace from the HTTP fetch to the stored row, through record headers: ingest and processor, as services of their own, with brokers between them.</summary>
public sealed class TraceOverKafkaTests
{
    [Fact]
    public async Task Event_FetchedByHttpAndStored_IsOneTraceThroughTheBrokers()
    {
        using var kafka = new MockKafkaCluster();
        foreach (var topic in new[] { Topics.Users, Topics.Activity })
        {
            kafka.CreateTopic(topic, Topics.Partitions);
            kafka.CreateTopic(Topics.DeadLettersOf(topic), Topics.Partitions);
        }

        await using var source = await StartSourceAsync();
        await using var processor = new ProcessorHost();
        await processor.StartAsync(live: true, ("ConnectionStrings:kafka", kafka.BootstrapServers), ("Kafka:SessionTimeout", "00:00:06"));
        using var root = new Activity("test");
        root.SetIdFormat(ActivityIdFormat.W3C);
        root.Start();
        var trace = root.TraceId;
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(trace, spans);
        await using (var ingest = new IngestKit(api: null, log: processor.Log, settings: ("Ingest:BaseUrl", $"{source.Urls.First()}/api/1.4/")))
        {
            Assert.Equal("success", (await ingest.RunAsync()).State);
        }

        root.Stop();
        Assert.Equal(3, (await processor.SettledAsync()).Sum(p => p.Stored));
        await processor.StopAsync();

        var fetch = Assert.Single(spans, s => s.Source.Name == "System.Net.Http");
        var task = Assert.Single(spans, s => s.OperationName == "task kafka_stream.get_data");
        var stream = Assert.Single(spans, s => s.OperationName == "task kafka_stream.stream_data");
        Assert.Contains(spans, s => s.OperationName == $"send {Topics.Users}" && s.ParentSpanId == stream.SpanId);
        var flushes = spans.Where(s => s.OperationName == $"process {Topics.Users}").ToList();
        Assert.Equal((trace, task.SpanId), (fetch.TraceId, fetch.ParentSpanId));
        Assert.NotEmpty(flushes);
        Assert.All(flushes, flush =>
        {
            // All its records are of one run: it goes on in the run's trace.
            Assert.Equal((trace, stream.SpanId), (flush.TraceId, flush.ParentSpanId));
            Assert.Equal("kafka", flush.GetTagItem("messaging.system"));
            Assert.Contains(spans, s => s.Source.Name == "Pipeline.Storage" && s.ParentSpanId == flush.SpanId && s.Status != ActivityStatusCode.Error);
        });
    }

    /// <summary>Listens to what belongs to a trace or to one that it is linked to, and leaves everybody else's alone.</summary>
    private static ActivityListener Listen(ActivityTraceId trace, ConcurrentQueue<Activity> spans)
    {
        var ours = new ConcurrentDictionary<ActivityTraceId, bool> { [trace] = true };
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "System.Net.Http" || source.Name.StartsWith("Pipeline.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
            {
                if (options.Links?.Any(link => ours.ContainsKey(link.Context.TraceId)) == true)
                {
                    ours[options.TraceId] = true;
                }

                return ours.ContainsKey(options.Parent.TraceId) || ours.ContainsKey(options.TraceId) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None;
            },
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static async Task<WebApplication> StartSourceAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddSimulator();
        var app = builder.Build();
        app.MapSimulator();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
