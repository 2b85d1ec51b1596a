using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>The processor over a real log and store in a directory of its own; stop and start it as often as wanted.</summary>
internal sealed class ProcessorHost : IAsyncDisposable
{
    public const long Noon = 1_770_033_600_000;

    private readonly TempDirectory _directory = new();
    private IHost? _host;

    public string DataDirectory => _directory.FullPath;

    public IRecordLog Log => _host!.Services.GetRequiredService<IRecordLog>();

    public IResultStore Store => _host!.Services.GetRequiredService<IResultStore>();

    public static byte[] User(int number, long time, string nationality = "US", int age = 36, string email = "john@example.com") => UserEventJson.ToBytes(new UserEvent
    {
        EventId = new Guid(number, 1, 0, new byte[8]),
        UserId = new Guid(number % 50, 2, 0, new byte[8]),
        EventTime = time,
        Source = "test",
        FirstName = "John",
        LastName = "Doe",
        Email = email,
        Gender = number % 2 == 0 ? Gender.Female : Gender.Male,
        Age = age,
        Nationality = nationality,
    });

    public static byte[] Activity(int number, int user, long time, EventType type = EventType.View) => ActivityEventJson.ToBytes(new ActivityEvent
    {
        EventId = new Guid(number, 3, 0, new byte[8]),
        UserId = new Guid(user, 2, 0, new byte[8]),
        EventTime = time,
        EventType = type,
        Source = "test",
    });

    /// <summary>Starts the processor, or with <paramref name="live"/> false only what a rebuild needs.</summary>
    public async Task StartAsync(bool live = true, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddDebug();
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        builder.Configuration["Data:Durable"] = "false";
        builder.Configuration["Processor:FlushInterval"] = "00:00:00.020";
        builder.Configuration["Processor:EarlyInterval"] = "00:00:00.020";
        builder.Configuration["Processor:CheckpointInterval"] = "00:00:00.050";
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }

        if (live)
        {
            builder.AddProcessor();
        }
        else
        {
            builder.AddResultReplay();
        }

        _host = builder.Build();
        await _host.StartAsync(TestContext.Current.CancellationToken);
        if (live)
        {
            await Eventually.TrueAsync(async () => (await Log.DescribeAsync(TestContext.Current.CancellationToken)).Count == 12);
        }
    }

    public async Task StopAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync(CancellationToken.None);
            await ((IAsyncDisposable)_host).DisposeAsync();
            _host = null;
        }
    }

    public T Get<T>()
        where T : notnull
        => _host!.Services.GetRequiredService<T>();

    public async Task AppendAsync(string topic, string? key, params IEnumerable<(byte[] Value, long Timestamp)> records)
    {
        await using var writer = Log.CreateWriter();
        using var batch = new RecordBatchBuilder();
        foreach (var (value, timestamp) in records)
        {
            batch.Add(Encoding.UTF8.GetBytes(key ?? ""), key is not null, value, isTombstone: false, timestamp);
        }

        await writer.AppendAsync(topic, batch, TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until everything in the log is processed, stored and committed; returns the progress of all partitions.</summary>
    public async Task<IReadOnlyList<PartitionProgress>> SettledAsync()
    {
        var token = TestContext.Current.CancellationToken;
        var group = Get<IOptions<ProcessorOptions>>().Value.Group;
        await Eventually.TrueAsync(async () =>
        {
            var ends = (await Log.DescribeAsync(token)).Where(p => !p.TopicPartition.Topic.EndsWith(".dlq", StringComparison.Ordinal) && p.HighWatermark > 0).ToList();
            var stored = (await Store.GetProgressAsync(token)).ToDictionary(p => new TopicPartition(p.Topic, p.Partition), p => p.NextOffset);
            var committed = (await Log.GetCommittedAsync(group, token)).ToDictionary(p => p.TopicPartition, p => p.Offset);
            return ends.All(e => stored.GetValueOrDefault(e.TopicPartition) == e.HighWatermark && committed.GetValueOrDefault(e.TopicPartition) == e.HighWatermark);
        });
        return await Store.GetProgressAsync(token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Dispose();
    }
}
