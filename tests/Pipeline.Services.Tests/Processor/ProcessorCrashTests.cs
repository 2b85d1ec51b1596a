using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>The processor's own topology over the real store and real checkpoint files, killed at every effect.</summary>
public sealed class ProcessorCrashTests
{
    private const string Topic = Topics.Activity;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<Effect, bool, int> Crashes()
    {
        var data = new TheoryData<Effect, bool, int>();
        foreach (var effect in Enum.GetValues<Effect>())
        {
            foreach (var occurrence in new[] { 1, 4 })
            {
                data.Add(effect, false, occurrence);
                data.Add(effect, true, occurrence);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Crashes))]
    public async Task Processor_KilledAtAnEffect_ResultsEqualTheDefinition(Effect effect, bool done, int occurrence)
    {
        await using var host = new ProcessorHost();
        await host.StartAsync(live: false);
        var log = ActivityLog.Make(seed: ((int)effect * 10) + occurrence, events: 1_500);
        var partition = await AppendAsync(host, log);

        var plan = new FaultPlan(effect, done, occurrence);
        try
        {
            await RunAsync(host, partition, batchSize: 97, plan.OnEffect);
        }
        catch (CrashException)
        {
            await RunAsync(host, partition, batchSize: 256, hook: null);
        }

        Assert.True(plan.HasStruck);
        Assert.Equal(ActivityLog.Expect(log), await StoredText.OfAsync(host));
    }

    private static async Task<TopicPartition> AppendAsync(ProcessorHost host, IReadOnlyList<(byte[] Value, long Timestamp)> log)
    {
        await host.Log.CreateTopicsAsync([.. new[] { Topics.Users, Topic, Topics.DeadLettersOf(Topic) }.Select(t => new TopicSpec(t, Topics.Partitions, null))], Token);
        await host.AppendAsync(Topic, "one-key", log);
        return (await host.Log.DescribeAsync(Token)).Single(p => p.HighWatermark > 0).TopicPartition;
    }

    private static async Task RunAsync(ProcessorHost host, TopicPartition partition, int batchSize, EffectHook? hook)
    {
        // Everything is due at once, so that every effect happens again and again.
        var settings = host.Get<IOptions<ProcessorOptions>>().Value.Task with
        {
            FlushRows = 200,
            FlushInterval = TimeSpan.Zero,
            EarlyInterval = TimeSpan.Zero,
            CheckpointInterval = TimeSpan.Zero,
            OnEffect = hook,
        };
        using var task = host.Get<ProcessorTasks>().Create(partition, settings);
        var offsets = (await host.Log.DescribeAsync(Token)).Single(p => p.TopicPartition == partition);
        var position = await task.OpenAsync(offsets, Token);
        for (var turn = 0; position.Offset < offsets.HighWatermark; turn++)
        {
            var records = await host.Log.FetchAsync(position, batchSize, Token);
            position = position with { Offset = records.NextOffset };
            await task.ProcessAsync(records, Token);
            if (turn % 2 == 1)
            {
                await (turn % 4 == 1 ? task.FlushAsync(early: turn % 8 == 1, Token) : task.CheckpointAsync(CommitAsync, Token));
            }
        }

        await task.CloseAsync(CommitAsync, Token);
    }

    private static ValueTask CommitAsync(Position position, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
