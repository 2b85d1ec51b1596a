using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.EndToEnd.Kit;

/// <summary>Looks into a data directory that no process uses: the log as it is, and the results as the store tells them.</summary>
internal sealed class DataDirectoryReader : IAsyncDisposable
{
    private const int RowsPerPage = 1000;
    private readonly IHost _host;

    /// <param name="settings">What chooses another log or store than the directory's own, as on the command line.</param>
    public DataDirectoryReader(string dataDirectory, params string[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Data:Directory", dataDirectory)]);
        builder.Configuration.AddCommandLine(settings);
        builder.Logging.ClearProviders();
        builder.AddEventLog();
        builder.AddResultStore();
        _host = builder.Build();
        Log = _host.Services.GetRequiredService<IRecordLog>();
        Store = _host.Services.GetRequiredService<IResultStore>();
    }

    public IRecordLog Log { get; }

    public IResultStore Store { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Every record of a topic's partitions, in order of offset.</summary>
    public async Task<IReadOnlyList<LoggedRecord>> ReadTopicAsync(string topic)
    {
        var records = new List<LoggedRecord>();
        foreach (var partition in (await Log.DescribeAsync(Token)).Where(p => p.TopicPartition.Topic == topic))
        {
            var offset = partition.Start;
            while (offset < partition.HighWatermark)
            {
                using var batch = await Log.FetchAsync(new Position(partition.TopicPartition, offset), 4096, Token);
                for (var i = 0; i < batch.Count; i++)
                {
                    records.Add(new LoggedRecord(topic, partition.TopicPartition.Partition, batch.Offset(i), batch.Timestamp(i), batch.Key(i).ToArray(), batch.Value(i).ToArray()) { Original = batch.Source.Value(i).ToArray() });
                }

                offset = batch.NextOffset;
            }
        }

        return records;
    }

    public Task<List<StoredEvent>> EventsAsync() => AllAsync(cursor => Store.QueryEventsAsync(new EventQuery { Limit = RowsPerPage, Cursor = cursor }, Token));

    public Task<List<LateEvent>> LateAsync() => AllAsync(cursor => Store.QueryLateAsync(new RangeQuery { Limit = RowsPerPage, Cursor = cursor }, Token));

    public Task<List<DeadLetterEntry>> DeadLettersAsync()
        => AllAsync(cursor => Store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = RowsPerPage, Cursor = cursor }, Token));

    public Task<List<SessionRow>> SessionsAsync()
        => AllAsync(cursor => Store.QuerySessionsAsync(new SessionQuery { Limit = RowsPerPage, Cursor = cursor }, Token));

    public Task<List<WindowResult>> WindowsAsync(string metric, string dimension, string grain)
        => AllAsync(cursor => Store.QueryWindowsAsync(new WindowQuery { Metric = metric, Dimension = dimension, Grain = grain, Limit = RowsPerPage, Cursor = cursor }, Token));

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Log.DisposeAsync();
        _host.Dispose();
    }

    private static async Task<List<T>> AllAsync<T>(Func<string?, ValueTask<Page<T>>> query)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var page = await query(cursor);
            all.AddRange(page.Items);
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return all;
    }
}

internal sealed record LoggedRecord(string Topic, int Partition, long Offset, long Timestamp, byte[] Key, byte[] Value)
{
    /// <summary>The value as it was written, in whatever format.</summary>
    public byte[] Original { get; init; } = Value;
}
