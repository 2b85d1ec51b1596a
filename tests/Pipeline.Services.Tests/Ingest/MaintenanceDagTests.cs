using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Ingest;
using Pipeline.Ingest.Maintenance;
using Pipeline.Ingest.QualityReport;
using Pipeline.Scheduling;
using Pipeline.Services.Tests.Dashboard;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>The DAGs <c>quality_report</c> and <c>maintenance</c>.</summary>
public sealed class MaintenanceDagTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1000, 10, 72_000, 720, false)]
    [InlineData(1000, 100, 72_000, 720, true)]
    [InlineData(1000, 0, 72_000, 7200, true)]
    [InlineData(10, 1, 72_000, 720, false)]
    [InlineData(1_000_000, 10_500, 72_000_000, 720_000, false)]
    [InlineData(1000, 0, 72_000, 0, false)]
    [InlineData(1000, 1000, 72_000, 72_000, false)]
    [InlineData(0, 0, 72_000, 720, false)]
    [InlineData(1000, 500, 0, 0, false)]
    public void Drift_OfARule_IsWhatChanceDoesNotExplainAndMatters(long checkedNow, long failedNow, long checkedBefore, long failedBefore, bool expected)
    {
        var drift = RuleDrift.Of(new RuleCount("r", checkedNow, failedNow), new RuleCount("r", checkedBefore, failedBefore));

        Assert.Equal(expected, drift.IsDrift);
        Assert.True(double.IsFinite(drift.StandardScore));
    }

    [Fact]
    public async Task QualityReport_OfAnHour_SummarizesEveryRuleAndNamesTheOneThatDrifts()
    {
        await using var host = new DagHost();
        for (var minute = 1; minute <= 72 * 60; minute++)
        {
            var isHour = minute <= 60;
            host.Store.Quality.Add(new QualityResult("steady", Noon.AddMinutes(-minute).ToUnixTimeMilliseconds(), 100, 1));
            host.Store.Quality.Add(new QualityResult("drifting", Noon.AddMinutes(-minute).ToUnixTimeMilliseconds(), 100, isHour ? 20 : 1));
        }

        host.Store.FindQuality = query => [.. host.Store.Quality.Where(row => row.WindowStart >= query.From && row.WindowStart < query.To)];
        var (run, results) = await host.RunAsync("quality_report", new DataInterval(Noon.AddHours(-1), Noon));

        Assert.Equal(DagRunState.Success, run.State);
        var summary = results["summarize"].EnumerateArray().ToDictionary(rule => rule.GetProperty("rule_id").GetString()!, rule => (rule.GetProperty("checked").GetInt64(), rule.GetProperty("failed").GetInt64()));
        Assert.Equal((6000L, 60L), summary["steady"]);
        Assert.Equal((6000L, 1200L), summary["drifting"]);
        var drifts = results["compare"].EnumerateArray().Where(rule => rule.GetProperty("is_drift").GetBoolean()).Select(rule => rule.GetProperty("rule_id").GetString());
        Assert.Equal(["drifting"], drifts);
    }

    [Fact]
    public async Task QualityReport_WithoutResults_IsSkipped()
    {
        await using var host = new DagHost();

        var (run, results) = await host.RunAsync("quality_report", new DataInterval(Noon.AddHours(-1), Noon));

        Assert.Equal(DagRunState.Success, run.State);
        Assert.Empty(results);
    }

    [Fact]
    public async Task Maintenance_Run_AppliesEveryRetentionAndTellsWhatWentAway()
    {
        await using var host = new DagHost();
        host.Store.Expired = 12;
        var checkpoints = Directory.CreateDirectory(Path.Combine(host.DataDirectory, "checkpoints", "processor", "gone-0"));
        var leftover = Path.Combine(checkpoints.FullName, "00000000000000000001.ckpt");
        await File.WriteAllTextAsync(leftover, "", Cancellation);
        File.SetLastWriteTimeUtc(leftover, Noon.UtcDateTime);

        var (run, results) = await host.RunAsync("maintenance", new DataInterval(Noon, Noon));

        Assert.Equal(DagRunState.Success, run.State);
        Assert.Equal(
            ["expire_records 0", "expire_results 12", "prune_checkpoints 1", "prune_metadata 0"],
            results.Select(result => $"{result.Key} {result.Value.GetInt64()}").Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(checkpoints.FullName));
    }

    [Fact]
    public void CheckpointLeftovers_OfLivePartitions_StayUnlessTheyAreHalfWritten()
    {
        using var directory = new TempDirectory();
        string[] files = ["group/users-0/1.ckpt", "group/users-0/2.tmp", "group/users-0/3.tmp", "group/gone-0/1.ckpt", "group/gone-1/1.ckpt"];
        foreach (var file in files)
        {
            var path = Path.Combine(directory.FullPath, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
            var isFresh = file is "group/users-0/3.tmp" or "group/gone-1/1.ckpt";
            File.SetLastWriteTimeUtc(path, (isFresh ? Noon.AddMinutes(-1) : Noon.AddDays(-1)).UtcDateTime);
        }

        Assert.Equal(0, CheckpointLeftovers.Remove(directory.FullPath, new HashSet<string>(), Noon));
        Assert.Equal(2, CheckpointLeftovers.Remove(directory.FullPath, new HashSet<string> { "users-0" }, Noon));

        Assert.Equal(
            ["group/gone-1/1.ckpt", "group/users-0/1.ckpt", "group/users-0/3.tmp"],
            Directory.GetFiles(directory.FullPath, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory.FullPath, path)).Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(directory.FullPath, "group/gone-0")));
    }

    /// <summary>Runs a DAG of ingest by hand, over a stub store and a log in memory.</summary>
    private sealed class DagHost : IAsyncDisposable
    {
        private readonly TempDirectory _directory = new();
        private readonly InMemoryRecordLog _log = new();
        private readonly IHost _host;

        public DagHost()
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Configuration["Data:Directory"] = _directory.FullPath;
            builder.Services.AddSingleton<IRecordLog>(_log);
            builder.Services.AddSingleton<IResultStore>(Store);
            builder.AddIngest();
            builder.Logging.ClearProviders();
            _host = builder.Build();
        }

        public StubStore Store { get; } = new();

        public string DataDirectory => _directory.FullPath;

        public async Task<(DagRun Run, Dictionary<string, JsonElement> Results)> RunAsync(string dagId, DataInterval interval)
        {
            await _log.CreateTopicsAsync([new TopicSpec("users", 1, null)], Cancellation);
            var run = await _host.Services.GetRequiredService<DagTester>().RunAsync(dagId, new TriggerRequest { DataInterval = interval }, new Actor("test"), Cancellation);
            var results = await _host.Services.GetRequiredService<DagRuns>().ListResultsAsync(dagId, run!.RunId, Cancellation);
            return (run, results.ToDictionary(result => result.TaskId, result => JsonElement.Parse(result.Value)));
        }

        public async ValueTask DisposeAsync()
        {
            if (_host is IAsyncDisposable host)
            {
                await host.DisposeAsync();
            }

            _directory.Dispose();
        }
    }
}
