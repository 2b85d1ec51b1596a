using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Storage.Tests.Sqlite;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests;

public sealed class AddResultStoreTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(Start));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_Embedded_MakesTheSchemaAndIsHealthy()
    {
        using var host = Build();

        await host.StartAsync(Cancel);

        Assert.True(File.Exists(SqliteStores.FileIn(_directory.FullPath)));
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(host));
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Start_CalledForByTwoServicesInOneProcess_RegistersOnce()
    {
        var builder = Builder();
        builder.AddResultStore();
        using var host = builder.Build();

        await host.StartAsync(Cancel);

        Assert.Equal(HealthStatus.Healthy, await HealthAsync(host));
        Assert.Equal(2, host.Services.GetServices<IHostedService>().Count(s => s is SchemaInitializer or RetentionService));
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Start_CassandraIsConfiguredWrongly_IsRefused()
    {
        // Refused in every build: where the driver is missing because it is, where it is there because of the port.
        using var host = Build(("ConnectionStrings:cassandra", "127.0.0.1:nowhere"));

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancel));

        Assert.Contains(CassandraStore.Assembly is null ? "this build has no Cassandra driver" : "has the contact point '127.0.0.1:nowhere'", refused.Message);
    }

    [Fact]
    public async Task Start_StoreIsDamaged_FailsWithItsSentence()
    {
        await File.WriteAllTextAsync(SqliteStores.FileIn(_directory.FullPath), new string('x', 10_000), Cancel);
        using var host = Build();

        var refused = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync(Cancel));

        Assert.Contains("results.db is damaged", refused.Message);
    }

    [Fact]
    public async Task Start_StoreIsLockedForAWhile_IsUnhealthyAndComesUpLater()
    {
        using var host = Build(("Storage:BusyTimeout", "00:00:00.050"));
        using (var other = SqliteStores.Open(_directory.FullPath))
        {
            using var transaction = other.BeginImmediate();
            await host.StartAsync(Cancel);
            Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(host));
        }

        await Eventually.TrueAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            return await HealthAsync(host) == HealthStatus.Healthy;
        });
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Retention_IntervalPasses_RemovesWhatIsTooOld()
    {
        using var host = Build(("Storage:EventsRetention", "1.00:00:00"), ("Storage:RetentionInterval", "01:00:00"));
        await host.StartAsync(Cancel);
        var store = host.Services.GetRequiredService<IResultStore>();
        await store.WriteAsync(Batch(1).With(Event(0, Start - (24 * 60 * Minute) - 1)), Cancel);

        await Eventually.TrueAsync(async () =>
        {
            _time.Advance(TimeSpan.FromHours(1));
            return (await store.QueryEventsAsync(new EventQuery(), Cancel)).Items.Count == 0;
        });
        await host.StopAsync(Cancel);
    }

    private static async Task<HealthStatus> HealthAsync(IHost host)
        => (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancel)).Entries["result-store"].Status;

    private IHost Build(params (string Key, string Value)[] settings) => Builder(settings).Build();

    private HostApplicationBuilder Builder(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)).Append(new("Data:Directory", _directory.FullPath)).Append(new("Data:Durable", "false")));
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.AddResultStore();
        return builder;
    }
}
