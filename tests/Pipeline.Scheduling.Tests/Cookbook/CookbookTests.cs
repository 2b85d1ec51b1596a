using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests.Cookbook;

/// <summary>The code of the cookbook is compiled as it stands there, and does what it says.</summary>
public sealed class CookbookTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HelloDag.cs", 10)]
    [InlineData("Rerun.cs", 20)]
    public async Task Operations_Code_IsTheCompiledFile(string file, int mostLines)
    {
        var root = RepositoryRoot.Find();
        Assert.SkipWhen(root is null, "the tests do not run inside a checkout");
        var page = (await File.ReadAllTextAsync(Path.Combine(root, "docs", "operations.md"), Cancellation)).ReplaceLineEndings("\n");
        var lines = (await File.ReadAllTextAsync(Path.Combine(root, "tests", "Pipeline.Scheduling.Tests", "Cookbook", file), Cancellation)).ReplaceLineEndings("\n").TrimEnd().Split('\n');

        Assert.Contains(string.Join('\n', lines.Select(line => line.Length == 0 ? "" : $"    {line}")), page, StringComparison.Ordinal);
        Assert.InRange(lines.Length, 1, mostLines);
    }

    [Fact]
    public async Task HelloDag_AddedWithOneLine_IsRunRerunAndBackfilled()
    {
        using var directory = new TempDirectory();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Data:Directory"] = directory.FullPath, ["Data:Durable"] = "false" });
        builder.AddScheduling();
        builder.AddDag(HelloDag.Build);
        builder.Services.AddSingleton<Rerun>();
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var runs = host.Services.GetRequiredService<DagRuns>();
        var rerun = host.Services.GetRequiredService<Rerun>();

        var run = await host.Services.GetRequiredService<DagOperations>().TriggerAsync("hello", new TriggerRequest { Conf = """{"name":"Ann"}""", LogicalDate = At(11, 24) }, SchedulingKit.Me, Cancellation);
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("hello", run.RunId, Cancellation))!.State == DagRunState.Success);
        Assert.Equal("\"hello Ann\"", (await runs.FindResultAsync("hello", run.RunId, "greet", "greeting", Cancellation))!.Value);

        Assert.Empty((await rerun.DayAsync("hello", At(11, 24), onlyFailed: true, Cancellation)).TaskInstances);
        Assert.Equal(["greet", "report"], (await rerun.DayAsync("hello", At(11, 24), onlyFailed: false, Cancellation)).TaskInstances.Select(task => task.TaskId).Order());
        await Eventually.TrueAsync(async () => (await runs.FindTaskInstanceAsync("hello", run.RunId, "report", Cancellation))! is { State: TaskInstanceState.Success, TryNumber: 2 });

        var backfill = await rerun.MonthAsync("hello", At(10, 1), Cancellation);
        Assert.Equal((31, false), (backfill.Progress.Total, backfill.IsPaused));
        await Eventually.TrueAsync(async () => (await host.Services.GetRequiredService<Backfills>().FindAsync(backfill.Id, Cancellation))!.Progress.Success == 31);
        Assert.Contains((await runs.ListEventsAsync(new AuditQuery { Owner = "ann" }, Cancellation)).Items, audit => audit.Reason == "31 days are missing");
        await host.StopAsync(Cancellation);
    }

    private static DateTimeOffset At(int month, int day) => new(2025, month, day, 0, 0, 0, TimeSpan.Zero);
}
