using System.Runtime.CompilerServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Runs queries page by page, so that neither side ever holds more than some megabytes of a result.</summary>
internal sealed class CassandraReader(CassandraClient client)
{
    private const int Attempts = 3;

    // Small enough for values of a megabyte; the following pages are as large as the values allow.
    private const int FirstPageRows = 32;
    private const int MostPageRows = 5_000;
    private const int PageBytes = 4 << 20;

    /// <summary>The rows of a query, read as they are asked for.</summary>
    /// <param name="bytes">About the size of a row; null when its rows are small.</param>
    public async IAsyncEnumerable<Row> ReadAsync(
        string cql, object[] values, Func<Row, int>? bytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var statement = await client.BindAsync(cql, cancellationToken, values);
        statement.SetAutoPage(false);
        var size = bytes is null ? 500 : FirstPageRows;
        while (true)
        {
            statement.SetPageSize(size);
            var rows = await ExecuteAsync(statement, cancellationToken);
            var (count, total) = (0, 0L);
            foreach (var row in rows)
            {
                count++;
                total += bytes?.Invoke(row) ?? 0;
                yield return row;
            }

            if (rows.PagingState is not { } next)
            {
                yield break;
            }

            size = (int)Math.Clamp(PageBytes / Math.Max(1, total / Math.Max(1, count)), 1, MostPageRows);
            statement.SetPagingState(next);
        }
    }

    /// <summary>The only row of a query; null when there is none.</summary>
    public async ValueTask<Row?> FindAsync(string cql, object[] values, CancellationToken cancellationToken)
        => (await ExecuteAsync(await client.BindAsync(cql, cancellationToken, values), cancellationToken)).FirstOrDefault();

    /// <summary>The start (Unix ms) of the time buckets of a listing that hold something between two times, newest first.</summary>
    public async ValueTask<List<long>> BucketsAsync(string listing, long first, long last, CancellationToken cancellationToken)
    {
        const string Cql = "SELECT bucket FROM buckets WHERE listing = ? AND bucket >= ? AND bucket <= ?";
        var starts = new List<long>();
        await foreach (var row in ReadAsync(Cql, [listing, Times.ToBound(first), Times.ToBound(last)], bytes: null, cancellationToken))
        {
            starts.Add(row.GetValue<DateTimeOffset>("bucket").ToUnixTimeMilliseconds());
        }

        return starts;
    }

    // A read changes nothing, so it may be sent again at once.
    private async ValueTask<RowSet> ExecuteAsync(IStatement statement, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await client.ExecuteAsync(statement, cancellationToken);
            }
            catch (StorageException e) when (e.IsTransient && attempt < Attempts && e.InnerException is not NoHostAvailableException)
            {
            }
        }
    }
}
