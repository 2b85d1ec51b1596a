using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A service that is started before its servers lives, says what it lacks, and works when they have come.</summary>
public sealed partial class ServiceStartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Services_StartedBeforeTheirBroker_AreAliveAndUnhealthyAndThenEventsFlow()
    {
        using var directory = new TempDirectory();
        using var kafka = new MockKafkaCluster();
        foreach (var topic in Topics.All)
        {
            kafka.CreateTopic(topic, Topics.Partitions);
            kafka.CreateTopic(Topics.DeadLettersOf(topic), Topics.Partitions);
        }

        using var door = new LateServer();
        string[] settings = [$"--ConnectionStrings:kafka={LateServer.Host}:{door.Port}", "--Kafka:RequestTimeout=2s", "--Kafka:SessionTimeout=6s"];
        await using var processor = new Service("Pipeline.Processor.dll", directory.File("processor"), settings);
        await using var ingest = new Service("Pipeline.Ingest.dll", directory.File("ingest"), [.. settings, "--Ingest:Interval=1h"]);

        foreach (var service in new[] { processor, ingest })
        {
            await service.IsAliveAndUnhealthyAsync(("start", "starts"), ("record-log", "Kafka"));
            using var refused = await service.Http.GetAsync("/api/status", Token);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        }

        door.Open(kafka.BootstrapServers);
        await processor.IsHealthyAsync();
        await ingest.IsHealthyAsync();

        using var answer = await ingest.Http.PostAsJsonAsync("/api/events", new[] { new { user_id = Guid.NewGuid(), event_type = "view" } }, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        await Eventually.TrueAsync(async () => StoredRecords().IsMatch(await processor.Http.GetStringAsync("/metrics", Token)));
    }

    [Fact]
    public async Task Ingest_StartedBeforeItsDatabase_IsAliveAndUnhealthyAndThenHealthy()
    {
        var server = new NpgsqlConnectionStringBuilder(RequiresServer.ConnectionString("postgres"));
        using var directory = new TempDirectory();
        using var door = new LateServer();
        var late = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = LateServer.Host, Port = door.Port, Database = $"late_{Guid.NewGuid():N}" };
        await using var ingest = new Service("Pipeline.Ingest.dll", directory.FullPath, [$"--ConnectionStrings:postgres={late.ConnectionString}", "--Ingest:Interval=1h"]);

        await ingest.IsAliveAndUnhealthyAsync(("start", "starts"), ("PostgreSql", ""));

        door.Open($"{server.Host}:{server.Port}");
        await ingest.IsHealthyAsync();
    }

    [GeneratedRegex(@"^pipeline_records_total\{.*stored.*\} 1(\s|$)", RegexOptions.Multiline)]
    private static partial Regex StoredRecords();

    /// <summary>A service of its own, on a port of its own.</summary>
    private sealed class Service : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

        private readonly PipelineProcess _process;

        public Service(string program, string dataDirectory, string[] settings)
        {
            var url = $"http://127.0.0.1:{FreePorts.First(1)}";
            _process = PipelineProcess.Launch(["--urls", url, $"--Data:Directory={dataDirectory}", .. settings], program: program);
            Http.BaseAddress = new Uri(url);
        }

        public HttpClient Http => _process.Http;

        public async Task IsAliveAndUnhealthyAsync(params (string Check, string Words)[] because)
        {
            await Eventually.TrueAsync(async () => await StatusAsync("/alive") == HttpStatusCode.OK, Patience);
            using var response = await Http.GetAsync("/health", Token);
            var health = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
            Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, health.ToString());
            foreach (var (check, words) in because)
            {
                var found = health.GetProperty("checks").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == check);
                Assert.Equal("unhealthy", found.GetProperty("status").GetString());
                Assert.Contains(words, found.GetProperty("description").GetString(), StringComparison.Ordinal);
            }
        }

        public Task IsHealthyAsync() => Eventually.TrueAsync(async () => await StatusAsync("/health") == HttpStatusCode.OK, Patience);

        public ValueTask DisposeAsync() => _process.DisposeAsync();

        private async Task<HttpStatusCode?> StatusAsync(string path)
        {
            Assert.False(_process.HasExited, $"{_process.Output}\n{_process.Errors}");
            try
            {
                using var response = await Http.GetAsync(path, Token);
                return response.StatusCode;
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }
}
