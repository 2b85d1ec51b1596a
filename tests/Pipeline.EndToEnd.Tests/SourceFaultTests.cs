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

    public static TheoryData<string> Faults => ["down", "500", "429", "error-in-200", "truncated", "foreign", "html"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Source_FailsAndRecovers_FailedRunsWroteNothingAndTheNextIsWhole(string fault)
    {
        using var directory = new TempDirectory();
        var failing = true;
        await using var source = await SourceStub.StartAsync((context, call) => Volatile.Read(ref failing) ? FailAsync(context, fault) : SourceStub.JsonAsync(context, SourceStub.GoodPage(context)));
        await using (var pipeline = await PipelineProcess.StartAsync(
            directory.FullPath, [.. Simulated, $"--Ingest:BaseUrl={source.BaseUrl}", "--Ingest:Interval=1s", "--Ingest:Retries=1", "--Ingest:UsersPerRun=3"]))
        {
            var failed = await pipeline.RunInStateAsync("failed");
            Assert.Equal(0, (await pipeline.StatusAsync()).Ends);
            var task = failed.GetProperty("tasks");
            Assert.Equal(["failed", "upstream_failed", "upstream_failed"], task.EnumerateArray().Select(t => t.GetProperty("state").GetString()));
            Assert.NotEqual(JsonValueKind.Null, task[0].GetProperty("error").ValueKind);

            Volatile.Write(ref failing, false);
            await pipeline.RunInStateAsync("success");
            Assert.Equal(0, await pipeline.StopAsync());
        }

        await using var reader = new DataDirectoryReader(directory.FullPath);
        var runs = (await reader.ReadTopicAsync(Topics.Users)).GroupBy(r => JsonElement.Parse(r.Value).GetProperty("run_id").GetString());
        Assert.All(runs, run => Assert.Equal(3, run.Count()));
    }

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
