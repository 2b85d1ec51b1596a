using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Streaming.RecordLog.InMemory;

namespace Pipeline.Services.Tests.Ingest;

public sealed class KafkaStreamDagTests
{
    [Fact]
    public async Task Run_RightAnswers_BecomeAcknowledgedEventsOfTheContract()
    {
        await using var kit = new IngestKit(StubApi.WithUsers());

        var run = await kit.RunAsync();

        Assert.Equal(("success", "success success success"), (run.State, run.States));
        var records = await kit.ReadAsync(Topics.Users);
        Assert.Equal(3, records.Count);
        foreach (var record in records)
        {
            var user = UserEventJson.Read(record.Value, out _)!;
            Assert.Equal(user.UserId.ToString("D"), record.Key);
            Assert.Equal(IngestKit.Interval.End.ToUnixTimeMilliseconds() - 1, user.EventTime);
            Assert.Equal(("api.test", "scheduled__2026-11-23T15:10:00+00:00", "Lovelace"), (user.Source, user.RunId, user.LastName));
            Assert.Equal(("application/json", run.Run.RunId), (record.Headers["content-type"], record.Headers["run_id"]));
            Assert.True(Iso8601.TryRead(Encoding.UTF8.GetBytes(record.Headers["ingest_time"]), out _));
        }

        var addresses = records.Select(record => UserEventJson.Read(record.Value, out _)!.Address).ToHashSet();
        Assert.Equal(["123 Main St, New York, NY 12345, USA", "123 Main St, New York, NY K1A 0B1, USA"], addresses.Order());
        using var account = JsonDocument.Parse(run.Result("stream_data"));
        Assert.Equal((3, 3, 0, 3), (Number("fetched"), Number("formatted"), Number("rejected"), Number("produced")));

        int Number(string name) => account.RootElement.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Run_SameIntervalAgain_GivesTheSameKeysAndValues()
    {
        await using var first = new IngestKit(StubApi.WithUsers());
        await using var second = new IngestKit(StubApi.WithUsers());

        await first.RunAsync();
        await second.RunAsync();

        Assert.Equal(
            (await first.ReadAsync(Topics.Users)).Select(record => (record.Key, record.Text)),
            (await second.ReadAsync(Topics.Users)).Select(record => (record.Key, record.Text)));
    }

    [Fact]
    public async Task Run_OtherInterval_AsksForOtherPeopleWithOtherIds()
    {
        var seeds = new List<string>();
        await using var kit = new IngestKit(new StubApi(call =>
        {
            seeds.Add(call.Seed);
            return call.Users();
        }));

        await kit.RunAsync();
        await kit.RunAsync(new(IngestKit.Interval.End, IngestKit.Interval.End.AddSeconds(10)));

        Assert.Equal(["pipeline-20261123T151000Z", "pipeline-20261123T151010Z"], seeds);
        var ids = (await kit.ReadAsync(Topics.Users)).Select(record => UserEventJson.Read(record.Value, out _)!.EventId).ToList();
        Assert.Equal(6, ids.Distinct().Count());
    }

    [Fact]
    public async Task Run_MoreThanOneCallGives_IsSplitIntoPages()
    {
        var calls = new List<(int Page, int Results)>();
        await using var kit = new IngestKit(
            new StubApi(call =>
            {
                calls.Add((call.Page, call.Results));
                return call.Users();
            }),
            settings: ("Ingest:UsersPerRun", "5003"));

        var run = await kit.RunAsync();

        Assert.Equal("success", run.State);
        Assert.Equal([(1, 5000), (2, 3)], calls);
        Assert.Equal(5003, (await kit.ReadAsync(Topics.Users)).Select(record => record.Key).Distinct().Count());
    }

    [Theory]
    [InlineData("garbage", "not JSON")]
    [InlineData("truncated", "cut off")]
    [InlineData("trailing", "not JSON")]
    [InlineData("error-object", "answered with an error: Uh oh")]
    [InlineData("foreign", "holds no 'results'")]
    [InlineData("array", "not an object")]
    [InlineData("results-object", "holds no 'results'")]
    [InlineData("html", "content type 'text/html")]
    [InlineData("latin1", "character set")]
    [InlineData("no-info", "has no 'info'")]
    [InlineData("wrong-seed", "info.seed is 'other'")]
    [InlineData("wrong-page", "info.page is '7'")]
    [InlineData("wrong-results", "info.results is '4'")]
    [InlineData("wrong-version", "info.version is 'version 2'")]
    [InlineData("fewer", "sent 2 users where 3")]
    [InlineData("more", "sent 4 users where 3")]
    [InlineData("empty-body", "an empty body")]
    [InlineData("too-large", "larger than 4096 bytes")]
    [InlineData("status-500", "500 InternalServerError")]
    [InlineData("no-connection", "cannot be reached")]
    public async Task Run_WrongAnswer_FailsWithASentenceAndLeavesNothing_AndTheNextRunIsFine(string fault, string words)
    {
        var broken = true;
        await using var kit = new IngestKit(
            new StubApi(call => broken ? Faulty(fault, call) : call.Users()),
            new FakeTimeProvider(IngestKit.Interval.End),
            settings: fault == "too-large" ? [("Ingest:MaxResponseBytes", "4096"), ("Ingest:UsersPerRun", "3")] : []);

        var failed = await kit.RunAsync();

        Assert.Equal(("failed", "failed upstream_failed upstream_failed"), (failed.State, failed.States));
        Assert.Contains(words, failed.Task("get_data").Error, StringComparison.Ordinal);
        Assert.Empty(await kit.ReadAsync(Topics.Users));
        Assert.Empty(await kit.ReadAsync(Topics.Users + Topics.DeadLetterSuffix));
        Assert.Empty(kit.RunFiles());
        Assert.DoesNotContain("p4ssw0rd!", kit.Console.Text, StringComparison.Ordinal);

        broken = false;
        var next = await kit.RunAsync(new(IngestKit.Interval.End, IngestKit.Interval.End.AddSeconds(10)));
        if (fault != "too-large")
        {
            Assert.Equal("success", next.State);
            Assert.Equal(3, (await kit.ReadAsync(Topics.Users)).Count);
        }
    }

    [Fact]
    public async Task Run_NotFound_FailsWithoutRetryAndNamesTheSetting()
    {
        var api = new StubApi(_ => StubCall.Json("{}", HttpStatusCode.NotFound));
        await using var kit = new IngestKit(api, settings: ("Ingest:Retries", "5"));

        var run = await kit.RunAsync();

        Assert.Equal((1, 1), (run.Task("get_data").TryNumber, api.Calls));
        Assert.Contains("404 NotFound; check Ingest:BaseUrl", run.Task("get_data").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ShortServerFault_IsRetriedWithinTheTry()
    {
        var api = new StubApi(call => call.Number == 1 ? StubCall.Json("", HttpStatusCode.BadGateway) : call.Users());
        await using var kit = new IngestKit(api, new FakeTimeProvider(IngestKit.Interval.End));

        var run = await kit.RunAsync();

        Assert.Equal(("success", 1, 2), (run.State, run.Task("get_data").TryNumber, api.Calls));
    }

    [Fact]
    public async Task Run_TooManyRequests_WaitsAsLongAsTheApiAsks_UpForRetry()
    {
        var clock = new FakeTimeProvider(IngestKit.Interval.End);
        var times = new List<DateTimeOffset>();
        await using var kit = new IngestKit(
            new StubApi(call =>
            {
                times.Add(clock.GetUtcNow());
                if (call.Number > 1)
                {
                    return call.Users();
                }

                var limited = StubCall.Json("""{"error":"Whoa, ease up there cowboy."}""", HttpStatusCode.TooManyRequests);
                limited.Headers.RetryAfter = new(TimeSpan.FromSeconds(90));
                return limited;
            }),
            clock,
            settings: ("Ingest:Retries", "1"));

        var run = await kit.RunAsync();

        Assert.Equal("success", run.State);
        Assert.InRange((times[1] - times[0]).TotalSeconds, 90, 95);
        Assert.Contains(await run.TaskLogAsync("get_data", 1), line => line.StartsWith("Marking task as up_for_retry", StringComparison.Ordinal) && line.Contains("asks to wait 90 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ApiDownForMinutes_RetriesThenFails_AndTheNextRunIsFine()
    {
        var clock = new FakeTimeProvider(IngestKit.Interval.End);
        var up = clock.GetUtcNow().AddMinutes(5);
        await using var kit = new IngestKit(
            new StubApi(call => clock.GetUtcNow() < up ? throw new HttpRequestException("Connection refused") : call.Users()),
            clock,
            settings: ("Ingest:Retries", "3"));

        var failed = await kit.RunAsync();
        clock.SetUtcNow(up);
        var next = await kit.RunAsync(new(up, up.AddSeconds(10)));

        Assert.Equal(("failed", 4), (failed.State, failed.Task("get_data").TryNumber));
        Assert.Equal("success", next.State);
        Assert.Equal(3, (await kit.ReadAsync(Topics.Users)).Count);
    }

    [Fact]
    public async Task Run_ApiNeverAnswers_TimesOut()
    {
        await using var kit = new IngestKit(
            new StubApi(_ => StubCall.Never()), new FakeTimeProvider(IngestKit.Interval.End), settings: ("Ingest:Timeout", "00:00:20"));

        var run = await kit.RunAsync();

        Assert.Equal("The API at http://api.test/api/ did not answer within 20 s.", run.Task("get_data").Error);
    }

    [Fact]
    public async Task Run_UsersWhoCannotBecomeEvents_AreDeadLettersWithTheirReason_AndTheAccountAddsUp()
    {
        await using var kit = new IngestKit(
            new StubApi(call => StubCall.Json($$"""
                {"results":[
                    {{call.User(0)}},
                    {{call.User(1).Replace("\"uuid\":\"00000001-0000-4000-8000-000000000001\",", "", StringComparison.Ordinal)}},
                    {{call.User(2, uuid: "not-a-uuid")}},
                    {{call.User(3).Replace("\"ada3@example.com\"", "17", StringComparison.Ordinal)}},
                    null,
                    {{call.User(5).Replace("Ада5", "\\ud800", StringComparison.Ordinal)}},
                    {{call.User(6).Replace("\"female\"", "\"robot\"", StringComparison.Ordinal)}},
                    {{call.User(7).Replace("1990-01-15T10:30:00.123Z", "yesterday", StringComparison.Ordinal)}}
                ],"info":{{call.Info()}} }
                """)),
            settings: ("Ingest:UsersPerRun", "8"));

        var run = await kit.RunAsync();

        Assert.Equal("success", run.State);
        Assert.Single(await kit.ReadAsync(Topics.Users));
        var letters = await kit.ReadAsync(Topics.Users + Topics.DeadLetterSuffix);
        Assert.Equal(
            ["bad_format", "bad_format", "bad_format", "bad_format", "missing_field", "not_an_object", "wrong_type"],
            letters.Select(letter => letter.Headers["pipeline.reason_code"]).Order());
        Assert.All(letters, letter => Assert.Equal((Topics.Users, "format_data"), (letter.Headers["__connect.errors.topic"], letter.Headers["__connect.errors.stage"])));
        Assert.All(letters, letter => Assert.DoesNotContain("p4ssw0rd!", letter.Text, StringComparison.Ordinal));
        using var account = JsonDocument.Parse(run.Result("stream_data"));
        Assert.Equal((8, 1, 7), (account.RootElement.GetProperty("fetched").GetInt32(), account.RootElement.GetProperty("produced").GetInt32(), account.RootElement.GetProperty("rejected").GetInt32()));
    }

    [Fact]
    public async Task Run_LogUnavailable_IsRetriedUntilItTakesTheEvents()
    {
        var log = new FlakyLog(new InMemoryRecordLog(), failures: 2, isTransient: true);
        await using var kit = new IngestKit(StubApi.WithUsers(), new FakeTimeProvider(IngestKit.Interval.End), log, ("Ingest:Retries", "2"));

        var run = await kit.RunAsync();

        Assert.Equal(("success", 3), (run.State, run.Task("stream_data").TryNumber));
        Assert.Equal(3, (await kit.ReadAsync(Topics.Users)).Count);
    }

    private static HttpResponseMessage Faulty(string fault, StubCall call) => fault switch
    {
        "garbage" => StubCall.Json("<<<<<<<< this is no JSON at all >>>>>>>>"),
        "truncated" => StubCall.Json(call.Body(3)[..^200]),
        "trailing" => StubCall.Json(call.Body(3) + "<!-- served by a proxy -->"),
        "error-object" => StubCall.Json("""{"error":"Uh oh, something has gone wrong."}"""),
        "foreign" => StubCall.Json("""{"weather":{"temperature":21},"city":"Oslo"}"""),
        "array" => StubCall.Json("[1,2,3]"),
        "results-object" => StubCall.Json($$"""{"results":{"a":1},"info":{{call.Info()}} }"""),
        "html" => new HttpResponseMessage { Content = new StringContent("<html>", Encoding.UTF8, "text/html") },
        "latin1" => new HttpResponseMessage { Content = new StringContent(call.Body(3), Encoding.Latin1, "application/json") },
        "no-info" => StubCall.Json($$"""{"results":[{{call.User(0)}},{{call.User(1)}},{{call.User(2)}}]}"""),
        "wrong-seed" => StubCall.Json(call.Body(3).Replace(call.Info(), call.Info(seed: "other"), StringComparison.Ordinal)),
        "wrong-page" => StubCall.Json(call.Body(3).Replace(call.Info(), call.Info(page: 7), StringComparison.Ordinal)),
        "wrong-results" => StubCall.Json(call.Body(3).Replace(call.Info(), call.Info(results: 4), StringComparison.Ordinal)),
        "wrong-version" => StubCall.Json(call.Body(3).Replace(call.Info(), call.Info(version: "2.0"), StringComparison.Ordinal)),
        "fewer" => StubCall.Json(call.Body(2)),
        "more" => StubCall.Json(call.Body(4)),
        "empty-body" => StubCall.Json(""),
        "too-large" => StubCall.Json(call.Body(3) + new string(' ', 5000)),
        "status-500" => StubCall.Json("", HttpStatusCode.InternalServerError),
        "no-connection" => throw new HttpRequestException("Connection refused"),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };
}
