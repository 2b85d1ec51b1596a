using System.Diagnostics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Pipeline.Contracts;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests.Kit;

/// <summary>Real servers that a test may kill, stop and start again, through the script that <c>PIPELINE_TEST_SERVERS</c> names.</summary>
internal sealed class Servers
{
    private readonly string _script;

    private Servers(string script, string kafka) => (_script, Kafka) = (script, kafka);

    public string Kafka { get; }

    /// <summary>Skips where servers cannot be controlled.</summary>
    public static Servers Find()
    {
        var kafka = RequiresServer.ConnectionString("kafka");
        var script = Environment.GetEnvironmentVariable("PIPELINE_TEST_SERVERS");
        Assert.SkipWhen(string.IsNullOrEmpty(script), "needs servers that it may kill: set PIPELINE_TEST_SERVERS");
        return new Servers(script!, kafka);
    }

    public async Task RunAsync(params string[] arguments)
    {
        // Not a pipe: the servers it starts would hold it open.
        using var process = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null", _script, .. arguments]))!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"servers {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    /// <summary>Topics of the contract without records, and a group without offsets.</summary>
    public async Task ResetTopicsAsync()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Kafka }).Build();
        string[] topics = [.. Topics.All, .. Topics.All.Select(Topics.DeadLettersOf)];
        var existing = admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics.Select(t => t.Topic).Intersect(topics).ToList();
        if (existing.Count > 0)
        {
            await admin.DeleteTopicsAsync(existing);
            await Eventually.TrueAsync(() => !admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics.Exists(t => topics.Contains(t.Topic)), TimeSpan.FromSeconds(60));
        }

        try
        {
            await admin.DeleteGroupsAsync([Topics.ProcessorGroup]);
        }
        catch (DeleteGroupsException e) when (e.Results.TrueForAll(r => !r.Error.IsError || r.Error.Code is ErrorCode.GroupIdNotFound))
        {
            // There was none.
        }
    }
}
