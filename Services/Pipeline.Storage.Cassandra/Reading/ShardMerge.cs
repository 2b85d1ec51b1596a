using System.Runtime.CompilerServices;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Merges parts of a listing, each newest first, into one; the first row of each is asked for at once. Of one millisecond, those of earlier parts come first.</summary>
internal static class ShardMerge
{
    public static async IAsyncEnumerable<T> NewestFirstAsync<T>(
        IEnumerable<IAsyncEnumerable<T>> shards, Func<T, long> timeOf, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = shards.Select(shard => shard.GetAsyncEnumerator(cancellationToken)).ToList();
        try
        {
            var moved = await Task.WhenAll(open.Select(shard => shard.MoveNextAsync().AsTask()));
            var waiting = open.Where((_, i) => moved[i]).ToList();
            while (waiting.Count > 0)
            {
                // MaxBy returns the first of several equal ones.
                var newest = waiting.MaxBy(shard => timeOf(shard.Current))!;
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
