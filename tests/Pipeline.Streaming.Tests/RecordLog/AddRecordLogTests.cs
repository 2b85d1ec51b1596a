using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public sealed class AddRecordLogTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_NothingConfigured_IsTheEmbeddedLogInTheDataDirectory()
    {
        using var host = Builder().Build();
        await host.StartAsync(Stop);

        Assert.IsType<SqliteRecordLog>(host.Services.GetRequiredService<IRecordLog>());
        Assert.True(File.Exists(_directory.File("log.db")));

        await host.StopAsync(Stop);
    }

    [Fact]
    public async Task Start_SeveralSettingsAreWrong_NamesThemAll()
    {
        using var host = Builder(new("RecordLog:SessionTimeout", "00:00:00"), new("RecordLog:RetentionInterval", "10000.00:00:00")).Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Stop));

        Assert.Contains("RecordLog:SessionTimeout is 00:00:00", failure.Message, StringComparison.Ordinal);
        Assert.Contains("RecordLog:RetentionInterval is 10000.00:00:00", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_BrokersAreNamed_IsKafka()
    {
        using var host = Builder(new("ConnectionStrings:kafka", "localhost:1"), new("Kafka:Client:socket.timeout.ms", "10000")).Build();

        Assert.IsType<KafkaRecordLog>(host.Services.GetRequiredService<IRecordLog>());
    }

    [Fact]
    public async Task Start_ClientSettingThatDeliveryDependsOn_IsRefused()
    {
        using var host = Builder(
            new("ConnectionStrings:kafka", "a:9092,b"),
            new("Kafka:Client:enable.auto.commit", "true"),
            new("Kafka:SecurityProtocol", "sasl_ssl"),
            new("Kafka:Compression", "rar"),
            new("Kafka:ReplicationFactor", "0"),
            new("Kafka:SslCaLocation", _directory.File("none.pem"))).Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Stop));

        Assert.Contains("ConnectionStrings:kafka has 'b', which is not host:port", failure.Message, StringComparison.Ordinal);
        Assert.Contains("enable.auto.commit cannot be set", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Kafka:SaslMechanism is not set", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Kafka:Compression is 'rar'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Kafka:ReplicationFactor is 0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("none.pem', which does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TimePasses_OldRecordsAreRemoved()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        await using var log = new InMemoryRecordLog(time);
        await log.CreateTopicsAsync([new TopicSpec("t", 1, TimeSpan.FromSeconds(90))], Stop);
        using var records = Records.Of(time.GetUtcNow().ToUnixTimeMilliseconds(), ("k", "v"));
        await log.CreateWriter().AppendAsync("t", records, Stop);
        var builder = Builder();
        builder.Services.AddSingleton<IRecordLog>(log).AddSingleton<TimeProvider>(time);
        builder.Services.Remove(builder.Services.First(s => s.ServiceType == typeof(IRecordLog)));
        using var host = builder.Build();
        await host.StartAsync(Stop);

        await Eventually.TrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return (await log.DescribeAsync(Stop))[0].Start == 1;
        });

        await host.StopAsync(Stop);
    }

    private HostApplicationBuilder Builder(params IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Data:Directory", _directory.FullPath), .. settings]);
        builder.AddRecordLog();
        return builder;
    }
}
