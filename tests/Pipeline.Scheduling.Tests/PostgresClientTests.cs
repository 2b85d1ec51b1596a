using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Tests;

/// <summary>The client of PostgreSQL: the same whether Aspire's integration registers it or we do.</summary>
public sealed class PostgresClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_ServerAway_IsUnhealthyAndSaysWhich()
    {
        await using var kit = new SchedulingKit();
        // Nobody listens on the port of "discard".
        var host = kit.Build([], settings: new() { ["ConnectionStrings:postgres"] = "Host=127.0.0.1;Port=9;Username=u;Database=d" });

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);

        Assert.Equal(HealthStatus.Unhealthy, report.Entries["PostgreSql"].Status);
    }

    [Fact]
    public async Task Health_WithoutAConnectionString_IsNotAsked()
    {
        await using var kit = new SchedulingKit();
        var host = kit.Build([]);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);

        Assert.DoesNotContain("PostgreSql", report.Entries.Keys);
    }

    [Fact]
    public async Task Health_RealServer_IsHealthy()
    {
        await using var kit = new SchedulingKit(Backend.Postgres);
        var host = await kit.StartAsync([]);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);

        Assert.Equal(HealthStatus.Healthy, report.Entries["PostgreSql"].Status);
    }

    [Fact]
    public async Task Query_OfATrace_IsASpanOfItAndOneOfNoneIsNot()
    {
        await using var kit = new SchedulingKit(Backend.Postgres);
        var database = kit.Build([]).Services.GetRequiredService<MetadataDatabase>();
        // Other tests of this process query, too: only these two statements are this test's.
        var (outside, within) = ($"SELECT 1 AS n{Guid.NewGuid():N}", $"SELECT 2 AS n{Guid.NewGuid():N}");
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        Assert.Equal(1, database.Read(session => session.Scalar<int>(outside)));
        using var trace = new Activity("a page").Start();
        Assert.Equal(2, database.Read(session => session.Scalar<int>(within)));
        trace.Stop();

        Assert.DoesNotContain(spans, span => Says(span, outside));
        var query = Assert.Single(spans, span => Says(span, within));
        Assert.Equal((trace.TraceId, trace.SpanId), (query.TraceId, query.ParentSpanId));

        static bool Says(Activity span, string statement) => span.TagObjects.Any(tag => statement.Equals(tag.Value));
    }

    [Theory]
    [InlineData("Host=h", 10)]
    [InlineData("Host=h;Maximum Pool Size=3", 3)]
    [InlineData("Host=h;MaxPoolSize=4", 4)]
    public void Complete_PoolSize_IsSmallUnlessItIsGiven(string connectionString, int expected)
    {
        var completed = PostgresDialect.Complete(new NpgsqlConnectionStringBuilder(connectionString));

        Assert.Equal(expected, PostgresDialect.Complete(completed).MaxPoolSize);
    }
}
