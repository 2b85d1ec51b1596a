using System.Runtime.CompilerServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// Puts small writes of different partitions that lie on the same nodes into one request each: what a request costs by itself, on both sides, is then
/// paid once for several of them. Each partition stays a mutation of its own for the server, as if it had come alone.
/// </summary>
/// <param name="replicasOf">Names the nodes of a routing key, the same name for the same nodes; null when it is not known where it lies, and the write goes alone.</param>
internal sealed class ReplicaBatches(Func<RoutingKey, string?> replicasOf)
{
    // So many rows are worth a request of their own, and a unit of work for one thread of the server.
    internal const int MostRows = 32;

    private BatchLimits _limits = BatchLimits.Usual;

    /// <summary>Batches for a cluster: by the replicas that its driver knows of a keyspace.</summary>
    public static ReplicaBatches For(CassandraClient client)
    {
        // The driver has a set for each token range, and makes new ones when nodes come and go.
        var names = new ConditionalWeakTable<ICollection<Host>, string>();
        return new ReplicaBatches(key => client.ReplicasOf(key) is { Count: > 0 } hosts ? names.GetValue(hosts, NameOf) : null);
    }

    /// <summary>Uses limits of the server's own from now on.</summary>
    public void Use(BatchLimits limits) => _limits = limits;

    /// <summary>Requests in no particular order, made as they are asked for.</summary>
    public IEnumerable<IStatement> Combine(IEnumerable<PartitionRows> writes)
    {
        var limits = _limits;
        var open = new Dictionary<string, Batch>(StringComparer.Ordinal);
        foreach (var write in writes)
        {
            var rows = write.Encode();
            if (write.Count > MostRows || write.Bytes > limits.Bytes || rows[0].RoutingKey is not { } key || replicasOf(key) is not { } replicas)
            {
                yield return ToRequest(rows);
                continue;
            }

            if (!open.TryGetValue(replicas, out var batch))
            {
                open.Add(replicas, batch = new Batch());
            }
            else if (batch.Partitions == limits.Partitions || batch.Bytes + write.Bytes > limits.Bytes)
            {
                yield return ToRequest(batch.Rows);
                open[replicas] = batch = new Batch();
            }

            batch.Add(rows, write.Bytes);
        }

        foreach (var batch in open.Values)
        {
            yield return ToRequest(batch.Rows);
        }
    }

    private static string NameOf(ICollection<Host> hosts) => string.Join(' ', hosts.Select(host => host.Address.ToString()).Order(StringComparer.Ordinal));

    // The routing key of a batch is that of its first row: the node that is asked has all of them.
    private static IStatement ToRequest(List<BoundStatement> rows)
    {
        if (rows.Count == 1)
        {
            return rows[0];
        }

        var batch = new BatchStatement().SetBatchType(BatchType.Unlogged);
        foreach (var row in rows)
        {
            batch.Add(row);
        }

        return batch;
    }

    private sealed class Batch
    {
        public List<BoundStatement> Rows { get; } = [];

        public int Partitions { get; private set; }

        public int Bytes { get; private set; }

        public void Add(List<BoundStatement> rows, int bytes)
        {
            Rows.AddRange(rows);
            Partitions++;
            Bytes += bytes;
        }
    }
}
