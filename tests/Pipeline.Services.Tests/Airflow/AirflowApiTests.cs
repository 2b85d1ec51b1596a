using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Airflow;

/// <summary>What the operations do, and what they answer to requests that cannot be meant.</summary>
public sealed class AirflowApiTests(AirflowHost host) : IClassFixture<AirflowHost>
{
    private const string Runs = "/api/v2/dags/etl/dagRuns";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Triggered_RunsWithItsConfAndIsAudited()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Runs) { Content = Json("""{"conf":{"rows":7},"note":"by hand","logical_date":"2026-01-31T12:00:00+01:00"}""") };
        request.Headers.Add("X-Reason", "the test wants it");
        using var response = await host.Client.SendAsync(request, Cancellation);
        var run = JsonElement.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        var id = run.GetProperty("dag_run_id").GetString()!;
        var end = await host.EndAsync(id);

        Assert.Equal("manual__2026-01-31T11:00:00+00:00", id);
        Assert.Equal(("success", "manual", "rest_api", "by hand", "2026-01-31T11:00:00Z"), (Text(end, "state"), Text(end, "run_type"), Text(end, "triggered_by"), Text(end, "note"), Text(end, "logical_date")));
        var result = await host.GetAsync($"{Place(id)}/taskInstances/extract/xcomEntries/return_value");
        Assert.Equal(7, result.GetProperty("value").GetProperty("rows").GetInt32());
        var text = await host.GetAsync($"{Place(id)}/taskInstances/extract/xcomEntries/return_value?stringify=true");
        Assert.Equal("""{"rows":7}""", Text(text, "value"));
        var log = await host.GetAsync($"/api/v2/eventLogs?run_id={Uri.EscapeDataString(id)}&event=trigger");
        Assert.Contains("the test wants it", Text(Assert.Single(log.GetProperty("event_logs").EnumerateArray()), "extra"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Failed_IsClearedFromItsFailureOnAndRunsAgain()
    {
        var run = await host.RunAsync(new { fail = true });
        var id = Text(run, "dag_run_id")!;
        Assert.Equal("failed", Text(run, "state"));

        var dry = await host.SendAsync(HttpMethod.Post, "/api/v2/dags/etl/clearTaskInstances", new { dag_run_id = id });
        Assert.Equal(["load"], Tasks(dry));
        Assert.Equal("failed", Text(await host.GetAsync(Place(id)), "state"));

        await host.SendAsync(HttpMethod.Post, "/api/v2/dags/etl/clearTaskInstances", new { dag_run_id = id, dry_run = false });
        await Eventually.TrueAsync(async () => (await host.GetAsync($"{Place(id)}/taskInstances/load/tries")).GetProperty("total_entries").GetInt32() == 2);
        await host.EndAsync(id);
        var tries = (await host.GetAsync($"{Place(id)}/taskInstances/load/tries")).GetProperty("task_instances").EnumerateArray();
        Assert.Equal([(1, "failed"), (2, "failed")], tries.Select(one => (one.GetProperty("try_number").GetInt32(), Text(one, "state")!)));
        Assert.Equal(1, (await host.GetAsync($"{Place(id)}/taskInstances/extract")).GetProperty("try_number").GetInt32());
    }

    [Fact]
    public async Task Clear_WithDownstream_TakesWhatWaitsForIt()
    {
        var id = Text(await host.RunAsync(new { }), "dag_run_id");

        var dry = await host.SendAsync(HttpMethod.Post, "/api/v2/dags/etl/clearTaskInstances", new { dag_run_id = id, only_failed = false, task_ids = new object[] { "transform" }, include_downstream = true });
        var pair = await host.SendAsync(HttpMethod.Post, "/api/v2/dags/etl/clearTaskInstances", new { dag_run_id = id, only_failed = false, task_ids = new object[] { new object[] { "load", -1 } } });

        Assert.Equal(["transform", "load"], Tasks(dry));
        Assert.Equal(["load"], Tasks(pair));
    }

    [Fact]
    public async Task Run_Marked_HasThatStateAndItsNote()
    {
        var id = Text(await host.RunAsync(new { fail = true }), "dag_run_id")!;

        var run = await host.SendAsync(HttpMethod.Patch, Place(id), new { state = "success", note = "looked at" });
        var masked = await host.SendAsync(HttpMethod.Patch, $"{Place(id)}?update_mask=note", new { state = "failed", note = "again" });

        Assert.Equal(("success", "looked at"), (Text(run, "state"), Text(run, "note")));
        Assert.Equal(("success", "again"), (Text(masked, "state"), Text(masked, "note")));
    }

    [Fact]
    public async Task TaskInstance_Marked_OnlyWhenItIsNoDryRun()
    {
        var id = Text(await host.RunAsync(new { }), "dag_run_id")!;

        var dry = await host.SendAsync(HttpMethod.Patch, $"{Place(id)}/taskInstances/load/dry_run", new { new_state = "failed" });
        Assert.Equal("success", Text(await host.GetAsync($"{Place(id)}/taskInstances/load"), "state"));
        var done = await host.SendAsync(HttpMethod.Patch, $"{Place(id)}/taskInstances/load", new { new_state = "failed", note = "was wrong" });

        Assert.Equal(["load"], Tasks(dry));
        var task = Assert.Single(done.GetProperty("task_instances").EnumerateArray());
        Assert.Equal(("failed", "was wrong"), (Text(task, "state"), Text(task, "note")));
    }

    [Fact]
    public async Task Log_OfARunningTry_StreamsUntilItHasEnded()
    {
        var gate = Guid.NewGuid().ToString();
        var run = await host.SendAsync(HttpMethod.Post, Runs, new { conf = new { gate } });
        var task = $"{Place(Text(run, "dag_run_id")!)}/taskInstances/transform";
        await Eventually.TrueAsync(async () => (await host.GetAsync($"{Place(Text(run, "dag_run_id")!)}/taskInstances?state=running&task_id=transform")).GetProperty("total_entries").GetInt32() == 1);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"{task}/logs/1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        await UntilAsync(lines, "waiting at the gate");

        // A page of a running try has a token to go on with.
        Assert.NotNull(Text(await host.GetAsync($"{task}/logs/1"), "continuation_token"));
        host.Open(gate);
        await UntilAsync(lines, "past the gate");
        Assert.DoesNotContain("gate", await lines.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OfAnEndedTry_IsReadAsPagesAndAsText()
    {
        var id = Text(await host.RunAsync(new { rows = 5 }), "dag_run_id")!;
        var logs = $"{Place(id)}/taskInstances/extract/logs/1";

        var page = await host.GetAsync(logs);
        using var request = new HttpRequestMessage(HttpMethod.Get, logs);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain"));
        using var text = await host.Client.SendAsync(request, Cancellation);

        Assert.Contains(page.GetProperty("content").EnumerateArray(), line => Text(line, "event") == "extracting 5 rows" && Text(line, "level") == "info");
        Assert.Null(Text(page, "continuation_token"));
        Assert.Contains("INFO - extracting 5 rows\n", await text.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Empty((await host.GetAsync($"{logs}?token=1000")).GetProperty("content").EnumerateArray());
    }

    [Fact]
    public async Task Wait_TellsTheStateUntilTheEnd()
    {
        var id = Text(await host.RunAsync(new { rows = 2 }), "dag_run_id")!;

        var lines = (await host.Client.GetStringAsync($"{Place(id)}/wait?interval=0.1&result=extract", Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("""{"state":"success","results":{"extract":{"rows":2}}}""", Assert.Single(lines));
    }

    [Fact]
    public async Task Pools_ChangedInBulk_AreToldOneByOne()
    {
        var result = await host.SendAsync(HttpMethod.Patch, "/api/v2/pools", new
        {
            actions = new object[]
            {
                new { action = "create", entities = new object[] { new { name = "bulk", slots = 2 }, new { name = "default_pool", slots = 1 } } },
                new { action = "update", entities = new object[] { new { name = "bulk", slots = 4 } } },
                new { action = "delete", entities = new object[] { "bulk", "never" } },
            },
        });

        Assert.Equal(["bulk"], Texts(result.GetProperty("create").GetProperty("success")));
        Assert.Equal(409, result.GetProperty("create").GetProperty("errors")[0].GetProperty("status_code").GetInt32());
        Assert.Equal(["bulk"], Texts(result.GetProperty("update").GetProperty("success")));
        Assert.Equal(["bulk"], Texts(result.GetProperty("delete").GetProperty("success")));
        Assert.Equal(404, result.GetProperty("delete").GetProperty("errors")[0].GetProperty("status_code").GetInt32());
    }

    [Fact]
    public async Task Asset_UpdatedFromOutside_IsListed()
    {
        await host.RunAsync(new { });
        var asset = (await host.GetAsync("/api/v2/assets?name_pattern=order")).GetProperty("assets")[0];
        var happened = await host.SendAsync(HttpMethod.Post, "/api/v2/assets/events", new { asset_id = asset.GetProperty("id").GetInt64(), extra = new { rows = 9 } });

        var events = await host.GetAsync($"/api/v2/assets/events?asset_id={asset.GetProperty("id")}&limit=1");
        Assert.Equal(happened.GetProperty("id").GetInt64(), events.GetProperty("asset_events")[0].GetProperty("id").GetInt64());
        Assert.Equal(9, events.GetProperty("asset_events")[0].GetProperty("extra").GetProperty("rows").GetInt32());
        Assert.Equal("reader", Text(asset.GetProperty("scheduled_dags")[0], "dag_id"));
        Assert.Equal(("etl", "load"), (Text(asset.GetProperty("producing_tasks")[0], "dag_id"), Text(asset.GetProperty("producing_tasks")[0], "task_id")));
    }

    [Fact]
    public async Task Dags_ThatCannotBeBuilt_AreToldWithTheReasonAndHarmNoOther()
    {
        var errors = (await host.GetAsync("/api/v2/importErrors")).GetProperty("import_errors").EnumerateArray().Select(error => Text(error, "stack_trace")!).ToArray();

        Assert.Contains(errors, error => error.Contains("'a', 'b' wait for each other (a cycle)", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("'etl'", StringComparison.Ordinal) && error.Contains("used twice", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("every tuesday", StringComparison.Ordinal));
        Assert.Equal(["etl", "hourly", "reader"], (await host.GetAsync("/api/v2/dags")).GetProperty("dags").EnumerateArray().Select(dag => Text(dag, "dag_id")!));
    }

    [Fact]
    public async Task Backfill_Progress_AddsUp()
    {
        var now = DateTimeOffset.UtcNow;
        var backfill = await host.SendAsync(HttpMethod.Post, "/api/v2/backfills", new { dag_id = "hourly", from_date = now.AddDays(-3), to_date = now.AddDays(-2), max_active_runs = 2 });
        var id = backfill.GetProperty("id").GetInt64();

        var progress = await host.GetAsync($"/api/backfills/{id}");
        Assert.Equal(24, progress.GetProperty("total").GetInt32());
        Assert.Equal(24, new[] { "skipped", "queued", "running", "success", "failed" }.Sum(state => progress.GetProperty(state).GetInt32()));
        Assert.True((await host.SendAsync(HttpMethod.Put, $"/api/v2/backfills/{id}/pause", null)).GetProperty("is_paused").GetBoolean());
        Assert.NotNull(Text(await host.SendAsync(HttpMethod.Put, $"/api/v2/backfills/{id}/cancel", null), "completed_at"));
        await host.SendAsync(HttpMethod.Put, $"/api/v2/backfills/{id}/cancel", null, HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("GET", "/dags/nope", null, 404, "no DAG 'nope'")]
    [InlineData("GET", "/dags/etl/dagRuns/nope", null, 404, "no run 'nope'")]
    [InlineData("GET", "/dags/etl/dagRuns/nope/taskInstances", null, 404, "no run 'nope'")]
    [InlineData("GET", "/dags/etl/dagRuns/nope/taskInstances/load", null, 404, "'load'")]
    [InlineData("GET", "/dags/etl/dagRuns/nope/taskInstances/load/3", null, 404, "map index")]
    [InlineData("GET", "/dags/etl/tasks/nope", null, 404, "no task 'nope'")]
    [InlineData("GET", "/dags/etl/dagVersions/99", null, 404, "no version 99")]
    [InlineData("GET", "/pools/nope", null, 404, "no pool 'nope'")]
    [InlineData("GET", "/assets/99999", null, 404, "no asset 99999")]
    [InlineData("GET", "/eventLogs/999999", null, 404, "999999")]
    [InlineData("GET", "/backfills/99999", null, 404, "no backfill 99999")]
    [InlineData("GET", "/backfills", null, 422, "dag_id: It is required")]
    [InlineData("GET", "/dags?limit=-1&offset=x&order_by=nope", null, 422, "limit: '-1'")]
    [InlineData("GET", "/dags/etl/dagRuns?state=exploded", null, 422, "'exploded' is not a state of a run")]
    [InlineData("GET", "/dags/etl/dagRuns?logical_date_gte=yesterday", null, 422, "'yesterday' is not an ISO 8601 time")]
    [InlineData("GET", "/dags/etl/dagRuns?bundle_version=3", null, 501, "bundle_version is not supported")]
    [InlineData("GET", "/dags/etl/dagRuns?dag_version=latest", null, 422, "dag_version")]
    [InlineData("GET", "/dags/etl/dagRuns?duration_gt=long", null, 422, "'long' is not a number of seconds")]
    [InlineData("GET", "/dags/etl/dagRuns?order_by=-state&order_by=colour", null, 422, "'colour' must be one of id")]
    [InlineData("GET", "/pools?order_by=id&order_by=name", null, 422, "order_by")]
    [InlineData("GET", "/dags/~/dagRuns/~/taskInstances?try_number=two", null, 422, "'two' is not a whole number")]
    [InlineData("PATCH", "/dags/~/dagRuns/~/taskInstances", "{\"actions\":[{\"action\":\"explode\",\"entities\":[]}]}", 422, "'explode' must be create, update or delete")]
    [InlineData("POST", "/dags/nope/dagRuns", "{}", 404, "no DAG 'nope'")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"conf\":{\"rows\":\"many\"}}", 400, "'rows'")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"conf\":[1]}", 422, "conf")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"conf\":", 422, "conf: Expected depth")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"config\":{}}", 422, "'config' is not a field")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"logical_date\":\"2026-01-31T12:00:00\"}", 422, "with an offset")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"dag_run_id\":\"a/b\"}", 422, "dag_run_id")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"data_interval_start\":\"2026-01-31T12:00:00Z\"}", 422, "come together")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"data_interval_start\":\"2026-01-31T12:00:00Z\",\"data_interval_end\":\"2026-01-30T12:00:00Z\"}", 422, "before data_interval_start")]
    [InlineData("POST", "/dags/etl/dagRuns", "{\"run_after\":\"2999-01-01T00:00:00Z\"}", 501, "run_after")]
    [InlineData("PATCH", "/dags/etl", "{}", 422, "is_paused")]
    [InlineData("PATCH", "/dags/etl/dagRuns/nope", "{\"state\":\"success\"}", 404, "no run 'nope'")]
    [InlineData("POST", "/dags/etl/clearTaskInstances", "{\"dag_run_id\":\"nope\"}", 404, "no run 'nope'")]
    [InlineData("POST", "/dags/etl/clearTaskInstances", "{\"include_future\":true}", 422, "include_past and include_future")]
    [InlineData("POST", "/dags/etl/clearTaskInstances", "{\"reset_dag_runs\":false}", 501, "reset_dag_runs")]
    [InlineData("POST", "/backfills", "{\"dag_id\":\"hourly\",\"from_date\":\"2999-01-01T00:00:00Z\",\"to_date\":\"2999-01-02T00:00:00Z\"}", 400, "future")]
    [InlineData("POST", "/backfills", "{\"dag_id\":\"hourly\",\"from_date\":\"2026-01-02T00:00:00Z\",\"to_date\":\"2026-01-01T00:00:00Z\"}", 400, "before it begins")]
    [InlineData("POST", "/backfills", "{\"dag_id\":\"etl\",\"from_date\":\"2026-01-01T00:00:00Z\",\"to_date\":\"2026-01-02T00:00:00Z\"}", 400, "no intervals")]
    [InlineData("POST", "/backfills", "{\"dag_id\":\"hourly\",\"from_date\":\"2026-01-01T00:00:00Z\"}", 422, "to_date")]
    [InlineData("POST", "/backfills/dry_run", "{\"dag_id\":\"hourly\",\"from_date\":\"2026-01-01T00:00:00Z\",\"to_date\":\"2026-01-01T05:00:00Z\",\"reprocess_behavior\":\"always\"}", 422, "'always'")]
    [InlineData("POST", "/pools", "{\"name\":\"p\",\"slots\":-2}", 400, "-2")]
    [InlineData("POST", "/pools", "{\"name\":\"default_pool\",\"slots\":1}", 409, "already")]
    [InlineData("DELETE", "/pools/default_pool", null, 400, "cannot be deleted")]
    [InlineData("DELETE", "/dags/etl/dagRuns/nope", null, 404, "no run 'nope'")]
    [InlineData("DELETE", "/dags/etl", null, 501, "compiled")]
    [InlineData("GET", "/variables", null, 501, "no stored variables")]
    [InlineData("POST", "/connections", "{}", 501, "no stored connections")]
    [InlineData("GET", "/nothing/here", null, 404, "nothing at")]
    public async Task Request_ThatCannotBeMeant_IsAProblemInWords(string method, string path, string? body, int status, string words)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v2{path}") { Content = body is null ? null : Json(body) };
        using var response = await host.Client.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Contains(words, Text(problem, "detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(70_000, 400, "65536 bytes")]
    [InlineData(2_000_000, 413, "larger than")]
    public async Task Conf_TooLarge_IsRefused(int length, int status, string words)
    {
        using var response = await host.Client.PostAsync(Runs, Json("{\"conf\":{\"text\":\"" + new string('x', length) + "\"}}"), Cancellation);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(words, await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithAnIdThatIsTaken_IsAConflict()
    {
        var id = Text(await host.RunAsync(new { }), "dag_run_id");

        await host.SendAsync(HttpMethod.Post, Runs, new { dag_run_id = id }, HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Runs_ListedWithFiltersAndPages_AreTheOnesAskedFor()
    {
        var failed = Text(await host.RunAsync(new { fail = true }), "dag_run_id");
        await host.RunAsync(new { });

        var latest = await host.GetAsync($"{Runs}?state=failed&order_by=-id&limit=1");
        var batch = await host.SendAsync(HttpMethod.Post, "/api/v2/dags/~/dagRuns/list", new { dag_ids = new[] { "etl" }, states = new[] { "failed" }, order_by = "-id", page_limit = 1 });
        var none = await host.GetAsync($"{Runs}?logical_date_lt=2020-01-01T00:00:00Z");
        var tasks = await host.GetAsync("/api/v2/dags/~/dagRuns/~/taskInstances?state=failed&order_by=-start_date&limit=1");

        Assert.Equal(failed, Text(Assert.Single(latest.GetProperty("dag_runs").EnumerateArray()), "dag_run_id"));
        Assert.Equal(failed, Text(Assert.Single(batch.GetProperty("dag_runs").EnumerateArray()), "dag_run_id"));
        Assert.Equal(0, none.GetProperty("total_entries").GetInt32());
        Assert.Equal("load", Text(Assert.Single(tasks.GetProperty("task_instances").EnumerateArray()), "task_id"));
    }

    [Fact]
    public async Task Lists_FilteredByWhatAirflowsClientSends_FindWhatFits()
    {
        var slow = Text(await host.RunAsync(new { rows = 7, gate = "" }), "dag_run_id")!;
        var failed = Text(await host.RunAsync(new { fail = true, rows = 70_007 }), "dag_run_id")!;

        Assert.Equal([failed], await RunIdsAsync($"{Runs}?conf_contains=70007"));
        Assert.Contains(slow, await RunIdsAsync("/api/v2/dags/~/dagRuns?dag_id_pattern=et%25&duration_gte=0&limit=1000"));
        Assert.Empty(await RunIdsAsync($"{Runs}?duration_gt=86400"));
        Assert.Empty(await RunIdsAsync($"{Runs}?triggering_user_name_pattern=nobody"));
        Assert.Equal(failed, (await RunIdsAsync($"{Runs}?order_by=state&order_by=-id&limit=1000"))[0]);

        var tasks = await host.GetAsync($"/api/v2/dags/~/dagRuns/~/taskInstances?dag_id_pattern=etl&run_id_pattern={Uri.EscapeDataString(failed)}&task_display_name_pattern=loa&pool_name_pattern=default&try_number=1&map_index=-1&duration_gte=0");
        Assert.Equal(["load"], tasks.GetProperty("task_instances").EnumerateArray().Select(task => Text(task, "task_id")));
        Assert.Equal(0, (await host.GetAsync("/api/v2/dags/~/dagRuns/~/taskInstances?map_index=4")).GetProperty("total_entries").GetInt32());
        var batch = await host.SendAsync(
            HttpMethod.Post, "/api/v2/dags/~/dagRuns/~/taskInstances/list", new { dag_ids = new[] { "etl", "hourly" }, dag_run_ids = new[] { slow, failed }, task_ids = new[] { "load", "extract" } });
        Assert.Equal(4, batch.GetProperty("total_entries").GetInt32());

        async Task<string[]> RunIdsAsync(string path) => [.. (await host.GetAsync(path)).GetProperty("dag_runs").EnumerateArray().Select(run => Text(run, "dag_run_id")!)];
    }

    [Fact]
    public async Task TaskInstances_MarkedManyAtOnce_AreMarkedEachForItself()
    {
        var run = Text(await host.RunAsync(new { fail = true }), "dag_run_id")!;

        var answer = await host.SendAsync(HttpMethod.Patch, "/api/v2/dags/~/dagRuns/~/taskInstances", new
        {
            actions = new object[]
            {
                new
                {
                    action = "update",
                    entities = new object[]
                    {
                        new { dag_id = "etl", dag_run_id = run, task_id = "load", new_state = "success", note = "seen" },
                        new { dag_id = "etl", dag_run_id = run, task_id = "nope", new_state = "success" },
                        new { task_id = "load", new_state = "success" },
                    },
                },
                new { action = "update", action_on_non_existence = "skip", entities = new object[] { new { dag_id = "etl", dag_run_id = run, task_id = "nope", new_state = "success" } } },
                new { action = "delete", entities = new object[] { "load" } },
            },
        });

        Assert.Equal([$"etl.{run}.load[-1]", $"etl.{run}.nope[-1]"], answer.GetProperty("update").GetProperty("success").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal([404, 422], answer.GetProperty("update").GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("status_code").GetInt32()));
        Assert.Equal(501, answer.GetProperty("delete").GetProperty("errors")[0].GetProperty("status_code").GetInt32());
        var load = await host.GetAsync($"{Runs}/{Uri.EscapeDataString(run)}/taskInstances/load");
        Assert.Equal(("success", "seen"), (Text(load, "state"), Text(load, "note")));
        Assert.Equal("success", Text(await host.EndAsync(run), "state"));
    }

    private static async Task UntilAsync(StreamReader lines, string words)
    {
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (Text(JsonElement.Parse(line), "event") == words)
            {
                return;
            }
        }

        Assert.Fail($"The stream ended before '{words}'.");
    }

    private static string Place(string runId) => $"{Runs}/{Uri.EscapeDataString(runId)}";

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static string[] Tasks(JsonElement answer) => [.. answer.GetProperty("task_instances").EnumerateArray().Select(task => Text(task, "task_id")!)];
}
