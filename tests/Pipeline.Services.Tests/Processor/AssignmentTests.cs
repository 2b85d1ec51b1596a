using System.Text;
using CsCheck;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Services.Tests.Processor;

/// <summary>
/// Partitions go from member to member: given up, lost, or held on to by a member that does not know yet that it lost them. However
/// they are assigned, and however their work is interleaved, rows, windows and sessions are those of tasks that nobody disturbed.
/// </summary>
public sealed class AssignmentTests
{
    private const string Topic = Topics.Activity;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Processor_AnyAssignmentOfPartitionsToTasks_GivesTheSameWindowsAndSessions()
    {
        await using var undisturbed = new ProcessorHost();
        await undisturbed.StartAsync(live: false);
        await AppendAsync(undisturbed);
        using (var member = new Member(undisturbed))
        {
            for (var partition = 0; partition < Topics.Partitions; partition++)
            {
                await member.TakeAsync(partition);
                while (await member.ProcessAsync(partition, 500))
                {
                }

                await member.GiveUpAsync(partition);
            }
        }

        var expected = await StoredText.OfAsync(undisturbed);
        await Gen.Select(Gen.Int[0, 99], Gen.Int[0, Topics.Partitions - 1], Gen.Int[0, 2], Gen.Int[1, 250]).Array[150].SampleAsync(
            async turns => Assert.Equal(expected, await RunAsync(turns)),
            iter: 8,
            threads: 1);
    }

    private static async Task<string> RunAsync((int What, int Partition, int Member, int Records)[] turns)
    {
        await using var host = new ProcessorHost();
        await host.StartAsync(live: false);
        await AppendAsync(host);
        Member[] members = [new(host), new(host), new(host)];
        var owners = new int[Topics.Partitions];
        try
        {
            for (var partition = 0; partition < Topics.Partitions; partition++)
            {
                await members[0].TakeAsync(partition);
            }

            foreach (var (what, partition, next, records) in turns)
            {
                var owner = members[owners[partition]];
                switch (what)
                {
                    case < 8:
                        await owner.GiveUpAsync(partition);
                        await members[owners[partition] = next].TakeAsync(partition);
                        break;
                    case < 14:
                        owner.Lose(partition);
                        await members[owners[partition] = next].TakeAsync(partition);
                        break;
                    case < 20 when next != owners[partition]:
                        await members[owners[partition] = next].TakeAsync(partition);
                        await owner.FindOutThatItIsLostAsync(partition, records);
                        break;
                    case < 35:
                        await owner.FlushAsync(partition, early: records % 2 == 0);
                        break;
                    case < 50:
                        await owner.CheckpointAsync(partition);
                        break;
                    default:
                        await owner.ProcessAsync(partition, records);
                        break;
                }
            }

            for (var partition = 0; partition < Topics.Partitions; partition++)
            {
                while (await members[owners[partition]].ProcessAsync(partition, 500))
                {
                }

                await members[owners[partition]].GiveUpAsync(partition);
            }
        }
        finally
        {
            Array.ForEach(members, m => m.Dispose());
        }

        return await StoredText.OfAsync(host);
    }

    /// <summary>A log of its own for each partition, with users of their own.</summary>
    private static async Task AppendAsync(ProcessorHost host)
    {
        await host.Log.CreateTopicsAsync([.. new[] { Topics.Users, Topic, Topics.DeadLettersOf(Topic) }.Select(t => new TopicSpec(t, Topics.Partitions, null))], Token);
        for (var partition = 0; partition < Topics.Partitions; partition++)
        {
            var key = Enumerable.Range(0, 1000).Select(i => $"k{i}").First(k => Partitioner.ForKey(Encoding.UTF8.GetBytes(k), Topics.Partitions) == partition);
            await host.AppendAsync(Topic, key, ActivityLog.Make(seed: 70 + partition, events: 500, firstUser: 100 * partition));
        }
    }

    /// <summary>One process of the group, as far as it concerns tasks.</summary>
    private sealed class Member(ProcessorHost host) : IDisposable
    {
        private readonly Dictionary<int, (StreamTask<PipelineEvent> Task, Position Next)> _tasks = [];

        public async Task TakeAsync(int partition)
        {
            var settings = host.Get<IOptions<ProcessorOptions>>().Value.Task;
            var task = host.Get<ProcessorTasks>().Create(new TopicPartition(Topic, partition), settings);
            var log = (await host.Log.DescribeAsync(Token)).Single(p => p.TopicPartition == task.TopicPartition);
            _tasks[partition] = (task, await task.OpenAsync(log, Token));
        }

        /// <returns>Whether there was something to process.</returns>
        public async Task<bool> ProcessAsync(int partition, int records)
        {
            var (task, next) = _tasks[partition];
            var batch = await host.Log.FetchAsync(next, records, Token);
            var count = batch.Count;
            _tasks[partition] = (task, next with { Offset = batch.NextOffset });
            await task.ProcessAsync(batch, Token);
            return count > 0;
        }

        public async Task FlushAsync(int partition, bool early) => await _tasks[partition].Task.FlushAsync(early, Token);

        public async Task CheckpointAsync(int partition) => await _tasks[partition].Task.CheckpointAsync(CommitAsync, Token);

        public async Task GiveUpAsync(int partition)
        {
            await _tasks[partition].Task.CloseAsync(CommitAsync, Token);
            Lose(partition);
        }

        /// <summary>The process ends, or is told that it owns the partition no more.</summary>
        public void Lose(int partition)
        {
            if (_tasks.Remove(partition, out var lost))
            {
                lost.Task.Dispose();
            }
        }

        /// <summary>It goes on until it wants to write, which is refused; or, as long as it only rebuilds its state, until it hears of it.</summary>
        public async Task FindOutThatItIsLostAsync(int partition, int records)
        {
            var wouldWrite = !_tasks[partition].Task.IsCatchingUp;
            await ProcessAsync(partition, records);
            var refusal = await Record.ExceptionAsync(() => CheckpointAsync(partition));
            Assert.True(refusal is PartitionFencedException || (refusal is null && !wouldWrite), $"it was not refused: {refusal}");
            Lose(partition);
        }

        public void Dispose()
        {
            foreach (var partition in _tasks.Keys.ToList())
            {
                Lose(partition);
            }
        }

        private static ValueTask CommitAsync(Position position, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
