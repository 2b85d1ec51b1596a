using System.Net;
using System.Net.Sockets;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What can be refused is refused in one sentence, with an exit code of its kind and without a stack.</summary>
public sealed class RefusalTests
{
    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    [Fact]
    public async Task Port_Taken_IsSaid()
    {
        using var directory = new TempDirectory();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

        var result = await PipelineProcess.RunAsync(["--urls", url, "--data", directory.FullPath, .. Quiet]);

        Refused(result, 4, url, "--urls");
    }

    [Fact]
    public async Task Directory_UsedByAnotherInstance_IsSaidAndTheOtherGoesOn()
    {
        using var directory = new TempDirectory();
        await using var first = await PipelineProcess.StartAsync(directory.FullPath, Quiet);

        var result = await PipelineProcess.RunAsync(["--urls", "http://127.0.0.1:0", "--data", directory.FullPath, .. Quiet]);

        Refused(result, 5, directory.FullPath, "another instance", $"process {first.Id}");
        Assert.True((await first.QuietAsync()).Stored > 0);
    }

    [Fact]
    public async Task Directory_OnAReadOnlyFileSystem_IsSaid()
    {
        using var directory = new TempDirectory();

        var result = await PipelineProcess.RunAsync(
            ["--urls", "http://127.0.0.1:0", "--data", directory.File("data"), .. Quiet],
            wrapper: MountNamespace.With($"mount -t tmpfs -o ro tmpfs {directory.FullPath}"));

        Refused(result, 7, directory.FullPath);
    }

    [Fact]
    public async Task Directory_OnAFullDisk_IsSaid()
    {
        using var directory = new TempDirectory();

        var result = await PipelineProcess.RunAsync(
            ["--urls", "http://127.0.0.1:0", "--data", directory.File("data"), .. Quiet],
            wrapper: MountNamespace.With($"mount -t tmpfs -o size=64k tmpfs {directory.FullPath} && (head -c 100000 /dev/zero > {directory.File("filler")} 2> {directory.File("why")} || true)"));

        Refused(result, 6, "full");
    }

    [Fact]
    public async Task Database_Damaged_IsSaidAndNotTouched()
    {
        using var directory = new TempDirectory();
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet))
        {
            Assert.Equal(0, await pipeline.StopAsync());
        }

        var damaged = new byte[8192];
        Array.Fill(damaged, (byte)0xA5);
        foreach (var file in (string[])["log.db", "results.db", "metadata.db"])
        {
            var path = directory.File(file);
            var whole = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(path, damaged, TestContext.Current.CancellationToken);

            var result = await PipelineProcess.RunAsync(["--urls", "http://127.0.0.1:0", "--data", directory.FullPath, .. Quiet]);

            Refused(result, 8, file, "damaged");
            Assert.Equal(damaged, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            await File.WriteAllBytesAsync(path, whole, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Worker_ThatCannotGoOn_StopsTheProcessWithItsReason()
    {
        using var directory = new TempDirectory();
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet))
        {
            await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > 0);
            Assert.Equal(0, await pipeline.StopAsync());
        }

        // Results that were made from another log: going on would mix two histories.
        File.Delete(directory.File("log.db"));
        var result = await PipelineProcess.RunAsync(["--urls", "http://127.0.0.1:0", "--data", directory.FullPath, .. Quiet]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ProcessorWorker stopped, and the pipeline with it: The results of", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_Wrong_AreAllNamedAtOnce()
    {
        using var directory = new TempDirectory();

        var result = await PipelineProcess.RunAsync(
            ["--data", directory.FullPath, "--Ingest:Interval=soon", "--Ingest:UsersPerRun=0", "--Ingest:Users=5", "--ConnectionStrings:kafka=broker", "--ConnectionStrings:schema-registry=somewhere", "--Storage:EventsRetention", "7"]);

        Refused(result, 3, "Ingest:Interval", "Ingest:UsersPerRun", "Ingest:Users ", "ConnectionStrings:kafka", "ConnectionStrings:schema-registry", "Storage:EventsRetention");
        Assert.Empty(Directory.GetFiles(directory.FullPath));
    }

    [Fact]
    public async Task Address_BeyondThisMachine_NeedsATokenThatEveryCommandCanSend()
    {
        const string Secret = "a-secret-of-the-tests";
        using var directory = new TempDirectory();
        var open = await PipelineProcess.RunAsync(["--urls", "http://0.0.0.0:0", "--data", directory.FullPath, .. Quiet]);
        Refused(open, 3, "Security:Tokens", "http://0.0.0.0:0");
        Assert.Empty(Directory.GetFiles(directory.FullPath));

        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, ["--Security:Tokens:0:Value", Secret, "--Security:Tokens:0:Role", "viewer", .. Quiet]);
        await pipeline.GetAsync("/api/status", HttpStatusCode.Unauthorized);
        await pipeline.GetAsync("/health");

        var without = await PipelineProcess.RunAsync(["status", "--json", "--data", directory.FullPath]);
        var with = await PipelineProcess.RunAsync(["status", "--json", "--data", directory.FullPath, "--token", Secret]);

        Refused(without, 1, "--token");
        Assert.Equal((0, ""), (with.ExitCode, with.Errors));
        Assert.Contains("\"profile\":\"embedded\"", with.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cassandra")]
    [InlineData("postgres")]
    public async Task Server_ThatThisVersionCannotUse_IsRefused(string name)
    {
        using var directory = new TempDirectory();

        var result = await PipelineProcess.RunAsync(["--urls", "http://127.0.0.1:0", "--data", directory.FullPath, $"--ConnectionStrings:{name}=somewhere:nowhere"]);

        Refused(result, 3, $"ConnectionStrings:{name}");
    }

    [Theory]
    [InlineData("--hlep")]
    [InlineData("strat")]
    public async Task CommandLine_NotUnderstood_IsSaid(string argument)
    {
        var result = await PipelineProcess.RunAsync([argument]);

        Refused(result, 2, argument);
    }

    private static void Refused(CommandResult result, int exitCode, params string[] words)
    {
        Assert.Equal(exitCode, result.ExitCode);
        Assert.All(words, word => Assert.Contains(word, result.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", result.Errors + result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Page ", result.Output, StringComparison.Ordinal);
    }
}
