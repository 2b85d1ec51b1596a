using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>When the source is down, answers garbage or limits us, runs retry or fail, nothing is half-written, and the next run is fine.</summary>
public sealed class SourceFaultTests
{
    private static readonly string[] Simulated = ["--Activity:Enabled=false", "--Ingest:UsersPerRun=20", "--Ingest:RetryDelay=100ms"];

    /// <summary>One after the other in one process, as a bad day of the source's has them.</summary>
    private static readonly string[] Faults = ["down", "500", "429", "error-in-200", "truncated", "foreign", "html"];

    [Fact]
    public async Task Source_FailsInEveryWayAndRecovers_FailedRunsWroteNothingAndTheNextIsWhole()
    {
        using var directory = new TempDirectory();
        string? fault = null;
        await using var source = await SourceStub.StartAsync((context, _) => Volatile.Read(ref fault) is { } now ? FailAsync(context, now) : SourceStub.JsonAsync(context, SourceStub.GoodPage(context)));
        await using (var pipeline = await PipelineProcess.StartAsync(
            directory.FullPath, [.. Simulated, $"--Ingest:BaseUrl={source.BaseUrl}", "--Ingest:Interval=1s", "--Ingest:Retries=1", "--Ingest:UsersPerRun=3"]))
        {
            foreach (var next in Faults)
            {
                Volatile.Write(ref fault, next);
                // These may have had their answer before; what comes after them has not.
                var before = await RunIdsAsync(pipeline);
                await Eventually.TrueAsync(async () => (await pipeline.RunsAsync()).Where(run => before.Contains(Id(run))).All(run => State(run) is "success" or "failed"), TimeSpan.FromSeconds(60));
                var ends = (await pipeline.StatusAsync()).Ends;

                var failed = await pipeline.RunInStateAsync(before, "failed");

                Assert.True(ends == (await pipeline.StatusAsync()).Ends, $"{next}: a failed run wrote something");
                var tasks = failed.GetProperty("tasks");
                Assert.Equal(["failed", "upstream_failed", "upstream_failed"], tasks.EnumerateArray().Select(State));
                Assert.NotEqual(JsonValueKind.Null, tasks[0].GetProperty("error").ValueKind);

                Volatile.Write(ref fault, null);
                await pipeline.RunInStateAsync(await RunIdsAsync(pipeline), "success");
            }

            Assert.Equal(0, await pipeline.StopAsync());
        }

        await using var reader = new DataDirectoryReader(directory.FullPath);
        var runs = (await reader.ReadTopicAsync(Topics.Users)).GroupBy(r => JsonElement.Parse(r.Value).GetProperty("run_id").GetString()).ToList();
        Assert.True(runs.Count >= Faults.Length);
        Assert.All(runs, run => Assert.Equal(3, run.Count()));
    }

    private static async Task<HashSet<string>> RunIdsAsync(PipelineProcess pipeline) => [.. (await pipeline.RunsAsync()).Select(Id)];

    private static string Id(JsonElement run) => run.GetProperty("run_id").GetString()!;

    private static string? State(JsonElement item) => item.GetProperty("state").GetString();

    private static Task FailAsync(HttpContext context, string fault)
    {
        var response = context.Response;
        switch (fault)
        {
            case "down":
                context.Abort();
                return Task.CompletedTask;
            case "500":
                response.StatusCode = (int)HttpStatusCode.InternalServerError;
                return Task.CompletedTask;
            case "429":
                response.StatusCode = (int)HttpStatusCode.TooManyRequests;
                response.Headers.RetryAfter = "1";
                return Task.CompletedTask;
            case "error-in-200":
                return SourceStub.JsonAsync(context, """{"error":"Uh oh, something has gone wrong. Please tweet us @randomapi about the issue. Thank you."}"""u8.ToArray());
            case "truncated":
                return SourceStub.JsonAsync(context, SourceStub.GoodPage(context)[..700]);
            case "foreign":
                return SourceStub.JsonAsync(context, """{"weather":"fine"}"""u8.ToArray());
            default:
                response.ContentType = "text/html";
                return response.WriteAsync("<html><body>502 Bad Gateway</body></html>");
        }
    }
}
