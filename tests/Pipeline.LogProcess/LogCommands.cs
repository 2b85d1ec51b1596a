using System.Text;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.LogProcess;

internal static class LogCommands
{
    public static async Task AppendAsync(IRecordLog log, string topic, string prefix, int batch, int count)
    {
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        for (var next = 0; next < count;)
        {
            records.Clear();
            for (var i = 0; i < batch && next < count; i++)
            {
                records.Add(Encoding.UTF8.GetBytes(prefix), Encoding.UTF8.GetBytes($"{prefix}:{next++}"), 0);
            }

            await writer.AppendAsync(topic, records, CancellationToken.None);
            Console.Out.WriteLine(next);
        }
    }

    public static async Task ReadAsync(IRecordLog log, string topic, string group)
    {
        await using var reader = log.CreateReader(group);
        await reader.SubscribeAsync([topic], new CommittedOffsets(), CancellationToken.None);
        while (true)
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
            if (batch is null)
            {
                continue;
            }

            for (var i = 0; i < batch.Count; i++)
            {
                Console.Out.WriteLine(Encoding.UTF8.GetString(batch.Value(i)));
            }

            await reader.CommitAsync([new Position(batch.TopicPartition, batch.NextOffset)], CancellationToken.None);
        }
    }

    private sealed class CommittedOffsets : IAssignmentListener
    {
        public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
            => ValueTask.FromResult<IReadOnlyCollection<Position>>([]);

        public ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
