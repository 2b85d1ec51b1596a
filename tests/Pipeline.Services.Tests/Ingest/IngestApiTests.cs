using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Ingest;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

public sealed class IngestApiTests
{
    private const string User = "c7a41086-06e3-4bfe-9c40-4e9da2df42c8";
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_Array_IsDurableBeforeTheAnswer()
    {
        await using var api = await Api.StartAsync();

        var (status, body) = await api.PostAsync($$"""[{"user_id":"{{User}}","event_type":"login","event_time":"2026-11-23T15:10:00Z","device":"mobile"},{"user_id":"{{User}}","event_type":"view","page":"/a"}]""");

        Assert.Equal((HttpStatusCode.Accepted, 2, 0), (status, body.GetProperty("accepted").GetInt32(), body.GetProperty("rejected").GetInt32()));
        var events = await api.EventsAsync();
        Assert.Equal([User, User], events.Select(e => e.Key));
        var login = events.Select(e => e.Activity).Single(e => e.EventType == EventType.Login);
        Assert.Equal(("api", "mobile", (string?)null), (login.Source, login.Device, login.RunId));
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 15, 10, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), login.EventTime);
    }

    [Fact]
    public async Task Post_NdjsonWithBadLines_TakesTheGoodOnesAndNamesTheOthers()
    {
        await using var api = await Api.StartAsync();

        var (status, body) = await api.PostAsync(
            $$"""
            {"user_id":"{{User}}","event_type":"login"}
            {"user_id":"{{User}}","event_type":

            {"user_id":"{{User}}","event_type":"dance"}
            {"event_type":"view"}
            {"user_id":"{{User}}","event_type":"view","page":"/b"}
            """,
            Ndjson);

        Assert.Equal((HttpStatusCode.Accepted, 2, 3), (status, body.GetProperty("accepted").GetInt32(), body.GetProperty("rejected").GetInt32()));
        Assert.Equal(
            [(1, "malformed_json", (string?)null), (2, "bad_format", "event_type"), (3, "missing_field", "user_id")],
            body.GetProperty("errors").EnumerateArray().Select(e => (e.GetProperty("index").GetInt32(), e.GetProperty("reason").GetString()!, e.GetProperty("field").GetString())));
        Assert.Equal(2, (await api.EventsAsync()).Count);
    }

    [Theory]
    [InlineData("""{"user_id":7,"event_type":"login"}""", "user_id", "wrong_type")]
    [InlineData("""{"user_id":"{c7a4108606e34bfe9c404e9da2df42c8}","event_type":"login"}""", "user_id", "bad_format")]
    [InlineData("""{"user_id":"U","user_id":"U","event_type":"login"}""", "user_id", "duplicate_field")]
    [InlineData("""{"user_id":"U"}""", "event_type", "missing_field")]
    [InlineData("""{"user_id":"U","event_type":"profile"}""", "event_type", "bad_format")]
    [InlineData("""{"user_id":"U","event_type":"login","event_time":"yesterday"}""", "event_time", "bad_format")]
    [InlineData("""{"user_id":"U","event_type":"login","event_time":"1969-01-01T00:00:00Z"}""", "event_time", "out_of_range")]
    [InlineData("""{"user_id":"U","event_type":"login","event_time":"1999-01-01T00:00:00Z"}""", "event_time", "out_of_range")]
    [InlineData("""{"user_id":"U","event_type":"login","event_id":"1"}""", "event_id", "bad_format")]
    [InlineData("""{"user_id":"U","event_type":"login","page":"a\u0000b"}""", "page", "bad_format")]
    [InlineData("""{"user_id":"U","event_type":"login","page":"\ud800"}""", null, "invalid_utf8")]
    [InlineData("17", null, "not_an_object")]
    public async Task Post_BadItem_IsRefusedWithFieldAndReason(string item, string? field, string reason)
    {
        await using var api = await Api.StartAsync();

        var (status, body) = await api.PostAsync($"[{item.Replace("\"U\"", $"\"{User}\"", StringComparison.Ordinal)}]");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        var error = Assert.Single(body.GetProperty("errors").EnumerateArray());
        Assert.Equal((field, reason), (error.GetProperty("field").GetString(), error.GetProperty("reason").GetString()));
        Assert.Empty(await api.EventsAsync());
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{}", "not a JSON array")]
    [InlineData("[]", "holds no event")]
    [InlineData("""[{"user_id":"U","event_type":"login"},""", "not valid JSON")]
    [InlineData("""[{"user_id":"U","event_type":"login"}] x""", "not valid JSON")]
    public async Task Post_BadBody_TakesNothing(string json, string words)
    {
        await using var api = await Api.StartAsync();

        var (status, body) = await api.PostAsync(json.Replace("\"U\"", $"\"{User}\"", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(words, body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(await api.EventsAsync());
    }

    [Fact]
    public async Task Post_BodyTooLarge_IsRefused()
    {
        await using var api = await Api.StartAsync(settings: ("Ingest:Api:MaxBodyBytes", "2000"), more: ("Ingest:Api:MaxItemBytes", "1000"));

        var (status, _) = await api.PostAsync($"[{new string(' ', 2000)}]");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
    }

    [Fact]
    public async Task Post_TooManyItems_AreRefusedWhole()
    {
        await using var api = await Api.StartAsync(settings: ("Ingest:Api:MaxItems", "2"));

        var (status, _) = await api.PostAsync(string.Concat(Enumerable.Repeat($$"""{"user_id":"{{User}}","event_type":"login"}{{'\n'}}""", 3)), Ndjson);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Empty(await api.EventsAsync());
    }

    [Fact]
    public async Task Post_ItemTooLarge_IsThatItemsErrorOnly()
    {
        await using var api = await Api.StartAsync(settings: ("Ingest:Api:MaxItemBytes", "300"));

        var (status, body) = await api.PostAsync($$"""[{"user_id":"{{User}}","event_type":"login","detail":"{{new string('x', 300)}}"},{"user_id":"{{User}}","event_type":"login"}]""");

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("too_large", body.GetProperty("errors")[0].GetProperty("reason").GetString());
        Assert.Single(await api.EventsAsync());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    public async Task Post_OtherContentType_IsUnsupported(string contentType)
    {
        await using var api = await Api.StartAsync();

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await api.PostAsync("[]", contentType)).Status);
    }

    [Fact]
    public async Task Post_LogUnavailable_SaysWhenToComeBack()
    {
        await using var api = await Api.StartAsync(new FlakyLog(new InMemoryRecordLog(), failures: 1, isTransient: true));
        var request = $$"""[{"user_id":"{{User}}","event_type":"login"}]""";

        var (status, body) = await api.PostAsync(request);
        var retryAfter = api.LastRetryAfter;
        var (again, _) = await api.PostAsync(request);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5)), (status, retryAfter));
        Assert.Contains("disk that holds the log is full", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, again);
        Assert.Single(await api.EventsAsync());
    }

    [Fact]
    public async Task Post_SameRequestTwice_GivesTheSameIds_AndDifferentContentDifferentOnes()
    {
        await using var api = await Api.StartAsync();
        var request = $$"""
            [{"user_id":"{{User}}","event_type":"view","event_time":"2026-11-23T15:10:00Z","page":"/a"},
             {"user_id":"{{User}}","event_type":"view","event_time":"2026-11-23T15:10:00Z","page":"/b"}]
            """;

        await api.PostAsync(request);
        await api.PostAsync(request);

        var ids = (await api.EventsAsync()).Select(e => e.Activity.EventId).ToList();
        Assert.Equal((4, 2), (ids.Count, ids.Distinct().Count()));
    }

    [Fact]
    public async Task Post_OwnEventIdAndUnknownFields_KeepsTheIdAndDropsTheRest()
    {
        await using var api = await Api.StartAsync();
        var id = Guid.NewGuid();

        await api.PostAsync($$"""[{"user_id":"{{User}}","event_type":"logout","event_id":"{{id}}","password":"hunter2","nested":{"a":[1,2] } }]""");

        var (_, activity, text) = Assert.Single(await api.EventsAsync());
        Assert.Equal(id, activity.EventId);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
    }

    private sealed class Api(WebApplication app, IRecordLog log, TempDirectory directory) : IAsyncDisposable
    {
        private readonly HttpClient _client = app.GetTestClient();

        public TimeSpan? LastRetryAfter { get; private set; }

        public static async Task<Api> StartAsync(IRecordLog? log = null, (string Key, string Value) settings = default, (string Key, string Value) more = default)
        {
            log ??= new InMemoryRecordLog();
            var directory = new TempDirectory();
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseTestServer();
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(new[] { ("Data:Directory", directory.FullPath), ("Ingest:BaseUrl", "http://127.0.0.1:9/"), settings, more }
                .Where(setting => setting.Item1 is not null)
                .Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2)));
            builder.Services.AddSingleton(log);
            builder.AddIngest();
            builder.Services.AddProblemDetails();
            var app = builder.Build();
            app.UseStatusCodePages();
            app.MapIngestApi();
            await app.StartAsync(Cancellation);
            return new Api(app, log, directory);
        }

        public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string body, string contentType = Json)
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
            using var response = await _client.PostAsync("/api/events", content, Cancellation);
            LastRetryAfter = response.Headers.RetryAfter?.Delta;
            if (!response.IsSuccessStatusCode)
            {
                Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            }

            return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation)).RootElement);
        }

        public async Task<IReadOnlyList<(string Key, ActivityEvent Activity, string Text)>> EventsAsync()
        {
            var events = new List<(string, ActivityEvent, string)>();
            for (var partition = 0; partition < Topics.Partitions; partition++)
            {
                using var batch = await log.FetchAsync(new Position(new TopicPartition(Topics.Activity, partition), 0), 10_000, Cancellation);
                for (var i = 0; i < batch.Count; i++)
                {
                    events.Add((Encoding.UTF8.GetString(batch.Key(i)), ActivityEventJson.Read(batch.Value(i), out _)!, Encoding.UTF8.GetString(batch.Value(i))));
                }
            }

            return events;
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
            directory.Dispose();
        }
    }
}
