using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.Pages.Tests;

/// <summary>
/// A pipeline for the tests that change something. Its source failed at first, so that it has a failed run, and answers by now. A test that
/// needs a run of another kind triggers one under a name of its own. Started by the first test that asks.
/// </summary>
public sealed class ActingPipeline : IAsyncDisposable
{
    // The address stays when it is started again, so it is not one that the system hands to whoever asks for any.
    private readonly string[] _settings =
    [
        "--Activity:Enabled=false", "--Ingest:Interval=1h", "--Ingest:UsersPerRun=3", "--Ingest:Retries=0",
        "--urls", $"http://127.0.0.1:{FreePorts.First(1).ToString(CultureInfo.InvariantCulture)}",
    ];

    private readonly TempDirectory _directory = new();
    private bool _fails = true;
    private Task _mayAnswer = Task.CompletedTask;
    private SourceStub? _source;
    private PipelineProcess? _pipeline;

    /// <summary>The run that failed.</summary>
    internal string FailedRun { get; private set; } = "";

    /// <summary>The pipeline; one that was killed is started again on what it left, at the same address.</summary>
    internal async Task<PipelineProcess> GetAsync()
    {
        if (_pipeline is { HasExited: false } running)
        {
            return running;
        }

        _source ??= await SourceStub.StartAsync((context, _) => AnswerAsync(context));
        if (_pipeline is not null)
        {
            await _pipeline.DisposeAsync();
        }

        _pipeline = await PipelineProcess.StartAsync(_directory.FullPath, [.. _settings, $"--Ingest:BaseUrl={_source.BaseUrl}"]);
        if (FailedRun.Length == 0)
        {
            FailedRun = (await _pipeline.RunInStateAsync("failed")).GetProperty("run_id").GetString()!;
            Volatile.Write(ref _fails, false);
        }

        return _pipeline;
    }

    /// <summary>The pipeline with a run of this name that has succeeded.</summary>
    internal async Task<PipelineProcess> WithRunAsync(string id)
    {
        var pipeline = await GetAsync();
        var token = TestContext.Current.CancellationToken;
        using var triggered = await pipeline.Http.PostAsJsonAsync("/api/v2/dags/kafka_stream/dagRuns", new { dag_run_id = id, logical_date = (string?)null, conf = new { users = 1 } }, token);
        Assert.True(triggered.IsSuccessStatusCode, await triggered.Content.ReadAsStringAsync(token));
        await Eventually.TrueAsync(
            async () => (await pipeline.GetAsync($"/api/v2/dags/kafka_stream/dagRuns/{id}")).GetProperty("state").GetString() == "success", TimeSpan.FromSeconds(60));
        return pipeline;
    }

    /// <summary>Lets the source wait with its answers until what this returns is disposed.</summary>
    internal IDisposable HoldSource()
    {
        var hold = new SourceHold();
        Volatile.Write(ref _mayAnswer, hold.Released);
        return hold;
    }

    public async ValueTask DisposeAsync()
    {
        if (_pipeline is not null)
        {
            await _pipeline.DisposeAsync();
        }

        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        await Volatile.Read(ref _mayAnswer).WaitAsync(context.RequestAborted);
        if (Volatile.Read(ref _fails))
        {
            context.Response.StatusCode = (int)HttpStatusCode.InternalServerError;
            return;
        }

        await SourceStub.JsonAsync(context, SourceStub.GoodPage(context));
    }

    private sealed class SourceHold : IDisposable
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Released => _released.Task;

        public void Dispose() => _released.TrySetResult();
    }
}
