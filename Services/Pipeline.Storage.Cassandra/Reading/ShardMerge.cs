using System.Runtime.CompilerServices;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Merges the shards of a bucket, each newest first, into one listing; of one millisecond, lower shards come first.</summary>
internal static class ShardMerge
{
    public static async IAsyncEnumerable<StoredEvent> NewestFirstAsync(
        IEnumerable<IAsyncEnumerable<StoredEvent>> shards, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = shards.Select(shard => shard.GetAsyncEnumerator(cancellationToken)).ToList();
        try
        {
            var moved = await Task.WhenAll(open.Select(shard => shard.MoveNextAsync().AsTask()));
            var waiting = open.Where((_, i) => moved[i]).ToList();
            while (waiting.Count > 0)
            {
                // MaxBy returns the first of several equal ones.
                var newest = waiting.MaxBy(shard => shard.Current.EventTime)!;
                yield return newest.Current;
                if (!await newest.MoveNextAsync())
                {
                    waiting.Remove(newest);
                }
            }
        }
        finally
        {
            foreach (var shard in open)
            {
                await shard.DisposeAsync();
            }
        }
    }
}
