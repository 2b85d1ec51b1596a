using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using Pipeline.Storage;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class QueryApiTests(DashboardHost host) : DashboardFixture(host), IClassFixture<DashboardHost>
{
    private const long Time = 1_777_636_800_123;

    private static readonly Guid EventId = Guid.Parse("019de374-a87b-8e3b-9d5c-1f2a3b4c5d6e");
    private static readonly Guid UserId = Guid.Parse("3f0f2a6e-6f3c-4f58-9d0e-0a4a86c0a111");

    [Fact]
    public async Task Events_OneStored_HasStableNamesAndUtcTimes()
    {
        Store.Events.Add(Event("""{"first_name":"Žofie","age":34}"""));

        var item = (await GetAsync("/api/events")).GetProperty("items")[0];

        Assert.Equal(EventId, item.GetProperty("event_id").GetGuid());
        Assert.Equal(UserId, item.GetProperty("user_id").GetGuid());
        Assert.Equal("2026-05-01T12:00:00.123Z", item.GetProperty("event_time").GetString());
        Assert.Equal("profile", item.GetProperty("event_type").GetString());
        Assert.Equal("18-24", item.GetProperty("age_band").GetString());
        Assert.Equal("users_topic", item.GetProperty("topic").GetString());
    }

    [Fact]
    public async Task Events_Data_IsEmbeddedAsTheJsonItIs()
    {
        Store.Events.Add(Event("""{"first_name":"محمدطاها","postcode":"01234","big":12345678901234567890}"""));

        using var response = await Client.GetAsync("/api/events", TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("""
            "data":{"first_name":"محمدطاها","postcode":"01234","big":12345678901234567890}
            """.Trim(), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_DataThatIsNotJson_IsShownAsText()
    {
        Store.Events.Add(Event("""{"broken":"""));

        var item = (await GetAsync("/api/events")).GetProperty("items")[0];

        Assert.Equal("""{"broken":""", item.GetProperty("data").GetString());
    }

    [Fact]
    public async Task Events_AllParameters_ReachTheStore()
    {
        Store.NextCursor = "next";

        var page = await GetAsync($"/api/events?user_id={UserId}&from=2026-05-01T00:00:00Z&to=2026-05-01T02:00:00%2B02:00&limit=7&cursor=abc", HttpStatusCode.BadRequest);
        Assert.Contains("to", page.GetProperty("errors").EnumerateObject().Select(p => p.Name));

        page = await GetAsync($"/api/events?user_id={UserId}&from=2026-05-01&to=2026-05-02T02:00:00%2B02:00&limit=7&cursor=abc");

        Assert.Equal("next", page.GetProperty("next_cursor").GetString());
        var query = Assert.IsType<EventQuery>(Store.Asked);
        Assert.Equal(new EventQuery { UserId = UserId, From = 1_777_593_600_000, To = 1_777_680_000_000, Limit = 7, Cursor = "abc" }, query);
    }

    [Theory]
    [InlineData("/api/events?from=yesterday", "from")]
    [InlineData("/api/events?to=1777593600000", "to")]
    [InlineData("/api/events?limit=0", "limit")]
    [InlineData("/api/events?limit=1001", "limit")]
    [InlineData("/api/events?limit=-1", "limit")]
    [InlineData("/api/events?limit=ten", "limit")]
    [InlineData("/api/events?limit=1&limit=2", "limit")]
    [InlineData("/api/events?user_id=42", "user_id")]
    [InlineData("/api/events/42", "event_id")]
    [InlineData("/api/windows?grain=day", "grain")]
    [InlineData("/api/late?from=2026-05-02&to=2026-05-01", "to")]
    [InlineData("/api/sessions?user_id=x", "user_id")]
    [InlineData("/api/dead-letters?limit=9999", "limit")]
    [InlineData("/api/quality?from=x", "from")]
    public async Task Parameter_Wrong_IsNamedInTheProblem(string path, string name)
    {
        var problem = await GetProblemAsync(path, HttpStatusCode.BadRequest);

        Assert.Equal([name], problem.GetProperty("errors").EnumerateObject().Select(p => p.Name));
        Assert.Null(Store.Asked);
    }

    [Fact]
    public async Task Parameters_SeveralWrong_AreAllNamed()
    {
        var problem = await GetProblemAsync("/api/events?from=a&to=b&limit=c&user_id=d", HttpStatusCode.BadRequest);

        Assert.Equal(["from", "limit", "to", "user_id"], problem.GetProperty("errors").EnumerateObject().Select(p => p.Name).Order());
    }

    [Fact]
    public async Task Cursor_NotFromHere_IsABadRequest()
    {
        Store.Failure = new InvalidCursorException("bad");

        var problem = await GetProblemAsync("/api/events?cursor=x", HttpStatusCode.BadRequest);

        Assert.Contains("cursor", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_Unknown_IsNotFound()
    {
        var problem = await GetProblemAsync($"/api/events/{Guid.NewGuid()}", HttpStatusCode.NotFound);

        Assert.Contains("No event", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_Known_IsReturned()
    {
        Store.Events.Add(Event("{}"));

        Assert.Equal(EventId, (await GetAsync($"/api/events/{EventId}")).GetProperty("event_id").GetGuid());
    }

    [Fact]
    public async Task Windows_Aggregate_IsShownWithItsMoments()
    {
        Store.Windows.Add(new WindowResult("age", "gender", "female", "hour", 3_600_000, new Aggregate(4, 20, 120, 1, 9), true, false, []));

        var item = (await GetAsync("/api/windows?metric=age&dimension=gender&grain=hour")).GetProperty("items")[0];

        Assert.Equal("1970-01-01T01:00:00Z", item.GetProperty("window_start").GetString());
        Assert.Equal("1970-01-01T02:00:00Z", item.GetProperty("window_end").GetString());
        Assert.Equal(5, item.GetProperty("mean").GetDouble());
        Assert.Equal(Math.Sqrt(5), item.GetProperty("standard_deviation").GetDouble(), 10);
    }

    [Fact]
    public async Task Windows_SketchesOfTwoPartitions_AreMerged()
    {
        var (users, others) = (new HyperLogLog(), new HyperLogLog());
        users.Add(UserId);
        others.Add(UserId);
        others.Add(EventId);
        Store.Windows.Add(new WindowResult("users", "all", "all", "rolling_5m", 60_000, new Aggregate(3, 3, 3, 1, 1), true, true, [BytesOf(users), BytesOf(others)]));

        var item = (await GetAsync("/api/windows?metric=users&grain=rolling_5m")).GetProperty("items")[0];

        Assert.Equal(2, item.GetProperty("distinct").GetInt64());
        Assert.Equal(JsonValueKind.Null, item.GetProperty("quantiles").ValueKind);
        Assert.Equal("1970-01-01T00:06:00Z", item.GetProperty("window_end").GetString());
        Assert.True(item.GetProperty("is_late_update").GetBoolean());
    }

    [Fact]
    public async Task Windows_QuantileSketches_AreMerged()
    {
        var (few, many) = (new QuantileSketch(), new QuantileSketch());
        few.Add(100);
        for (var i = 1; i < 100; i++)
        {
            many.Add(i);
        }

        Store.Windows.Add(new WindowResult("latency", "all", "all", "minute", 0, new Aggregate(100, 5050, 338_350, 1, 100), true, false, [BytesOf(few), BytesOf(many)]));

        var quantiles = (await GetAsync("/api/windows?metric=latency")).GetProperty("items")[0].GetProperty("quantiles");

        Assert.Equal([50, 90, 95, 99], new[] { "p50", "p90", "p95", "p99" }.Select(q => quantiles.GetProperty(q).GetInt64()));
    }

    [Fact]
    public async Task Windows_EmptyAggregate_HasNoMinimum()
    {
        Store.Windows.Add(new WindowResult("age", "all", "all", "minute", 0, Aggregate.Empty, false, false, []));

        var item = (await GetAsync("/api/windows")).GetProperty("items")[0];

        Assert.Equal(JsonValueKind.Null, item.GetProperty("min").ValueKind);
        Assert.Equal(JsonValueKind.Null, item.GetProperty("mean").ValueKind);
    }

    [Fact]
    public async Task DeadLetters_ValueThatIsNotText_IsShownAsBase64Only()
    {
        Store.DeadLetters.Add(DeadLetter([0xff, 0xfe, 0x00]));

        var item = (await GetAsync("/api/dead-letters")).GetProperty("items")[0];

        Assert.Equal(JsonValueKind.Null, item.GetProperty("value").ValueKind);
        Assert.Equal("//4A", item.GetProperty("value_base64").GetString());
        Assert.Equal("malformed_json", item.GetProperty("reason_code").GetString());
    }

    [Fact]
    public async Task DeadLetters_Text_IsShownAsItWas()
    {
        Store.DeadLetters.Add(DeadLetter("{\"a\":\"é"u8.ToArray()));

        Assert.Equal("{\"a\":\"é", (await GetAsync("/api/dead-letters")).GetProperty("items")[0].GetProperty("value").GetString());
    }

    [Fact]
    public async Task Late_OneKept_HasItsLateness()
    {
        Store.Late.Add(new LateEvent(EventId, UserId, "view", Time, 90_500, Time, "user_activity", 2, 5, "{}"u8.ToArray()));

        Assert.Equal(90.5, (await GetAsync("/api/late")).GetProperty("items")[0].GetProperty("lateness_seconds").GetDouble());
    }

    [Fact]
    public async Task Sessions_OneClosed_HasItsTypesAsJson()
    {
        Store.Sessions.Add(new SessionRow(EventId, UserId, Time, Time + 60_000, 5, """{"login":1,"view":4}""", "login", "view", true, true, "user_activity", 0));

        var item = (await GetAsync("/api/sessions")).GetProperty("items")[0];

        Assert.Equal(4, item.GetProperty("event_types").GetProperty("view").GetInt32());
        Assert.Equal(60, item.GetProperty("duration_seconds").GetDouble());
        Assert.True(item.GetProperty("is_late_update").GetBoolean());
    }

    [Fact]
    public async Task Quality_Result_HasItsRatio()
    {
        Store.Quality.Add(new QualityResult("email.format", Time, 200, 3));

        Assert.Equal(0.015, (await GetAsync("/api/quality?rule_id=email.format")).GetProperty("items")[0].GetProperty("failed_ratio").GetDouble());
    }

    [Fact]
    public async Task Store_OutOfReach_IsServiceUnavailable()
    {
        Store.Failure = new StorageException("The disk is full.", isTransient: true);

        var problem = await GetProblemAsync("/api/windows", HttpStatusCode.ServiceUnavailable);

        Assert.Contains("The disk is full.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_Unexpected_TellsNothingOfTheInside()
    {
        Store.Failure = new InvalidOperationException("secret inside");

        using var response = await Client.GetAsync("/api/late", TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/html")]
    public async Task Path_Unknown_IsAProblemForEveryReader(string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/nothing/here");
        request.Headers.Accept.ParseAdd(accept);

        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Method_NotAllowed_IsAProblem()
    {
        using var response = await Client.DeleteAsync("/api/events", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    private static StoredEvent Event(string data) => new(
        EventId, UserId, "profile", Time, Time, "users_topic", 1, 42, "CZ", "Czechia", "Eastern Europe", "female", "18-24", 0, Encoding.UTF8.GetBytes(data));

    private static DeadLetterEntry DeadLetter(byte[] value)
        => new("users_topic", 0, 7, "malformed_json", "", "Not JSON at byte 0.", 0, Time, Time, "key"u8.ToArray(), value);

    private static byte[] BytesOf(ISketch sketch)
    {
        var bytes = new ArrayBufferWriter<byte>();
        sketch.WriteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
