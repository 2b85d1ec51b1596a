using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Kit;

/// <summary>The real program in a process of its own, as a user starts it.</summary>
internal sealed partial class PipelineProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>A safety net: on a machine with much else to do a start takes ten times as long as on a quiet one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<string> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PipelineProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Note(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Note(_errors, line.Data);
        _process.Exited += (_, _) => _url.TrySetException(new InvalidOperationException("ended before it listened"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors);

    public bool HasExited => _process.HasExited;

    public int Id => _process.Id;

    /// <summary>Memory that is in use now.</summary>
    public long WorkingSetMb
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 >> 20;
        }
    }

    public Uri Url => Http.BaseAddress ?? throw new InvalidOperationException("It does not listen yet.");

    /// <summary>Starts it on a data directory and a free port, unless the settings name an address, and returns when it listens.</summary>
    public static Task<PipelineProcess> StartAsync(string dataDirectory, params string[] settings) => StartAsync(dataDirectory, settings, wrapper: null);

    /// <inheritdoc cref="StartAsync(string, string[])"/>
    public static async Task<PipelineProcess> StartAsync(string dataDirectory, string[] settings, IReadOnlyList<string>? wrapper)
    {
        string[] address = settings.Contains("--urls") ? [] : ["--urls", "http://127.0.0.1:0"];
        var process = Launch([.. address, "--data", dataDirectory, .. settings], wrapper: wrapper);
        try
        {
            process.Http.BaseAddress = new Uri(await process._url.Task.WaitAsync(Patience, TestContext.Current.CancellationToken));
            return process;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            await process.DisposeAsync();
            throw new InvalidOperationException($"The pipeline did not start ({e.Message}).\n{process.Output}\n{process.Errors}", e);
        }
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<CommandResult> RunAsync(string[] arguments, string? workingDirectory = null, IReadOnlyList<string>? wrapper = null)
    {
        await using var process = Launch(arguments, workingDirectory, wrapper);
        var code = await process.WaitForExitAsync();
        return new CommandResult(code, process.Output, process.Errors);
    }

    /// <summary>A processor alone, as one more member of the group, on the same data directory.</summary>
    public static PipelineProcess LaunchProcessor(string dataDirectory, params string[] settings)
        => Launch(["--urls", "http://127.0.0.1:0", $"--Data:Directory={dataDirectory}", .. settings], program: "Pipeline.Processor.dll");

    /// <param name="wrapper">A program and its arguments that shall start it, for example under another user.</param>
    public static PipelineProcess Launch(
        string[] arguments, string? workingDirectory = null, IReadOnlyList<string>? wrapper = null, string program = "Pipeline.Standalone.dll")
    {
        string[] command = [.. wrapper ?? [], Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
            "exec", Path.Combine(AppContext.BaseDirectory, program), .. arguments];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? Path.GetTempPath(),
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        // Only what a test says shall count, not what the machine happens to have set.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || n.Contains("__", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        return new PipelineProcess(start);
    }

    /// <summary>SIGKILL: nothing of the process gets a say.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>SIGSTOP: it keeps its connections and its claims, and does nothing.</summary>
    public void Pause() => Assert.Equal(0, SendSignal(_process.Id, SigStop));

    public void Resume() => Assert.Equal(0, SendSignal(_process.Id, SigCont));

    /// <summary>SIGTERM, as Ctrl-C or an orchestrator does it; returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            Assert.Equal(0, SendSignal(_process.Id, SigTerm));
        }

        return await WaitForExitAsync();
    }

    public async Task<int> WaitForExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The pipeline has not ended in {Patience}.\n{Output}\n{Errors}", e);
        }

        return _process.ExitCode;
    }

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{path} answered {(int)response.StatusCode}: {text}\n{Errors}");
        return JsonElement.Parse(text);
    }

    public async Task<Status> StatusAsync() => Status.From(await GetAsync("/api/status"));

    /// <summary>The status, or <see langword="null"/> when it is not known because a server is away.</summary>
    public async Task<Status?> TryStatusAsync()
    {
        using var response = await Http.GetAsync("/api/status", TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode ? Status.From(JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))) : null;
    }

    /// <summary>
    /// Waits until no run is under way, nothing waits to be processed and nothing new comes. A run that a killed process left behind
    /// counts as under way: it is taken up when its lease has expired, and appends its records then.
    /// </summary>
    public async Task<Status> QuietAsync(TimeSpan? limit = null)
    {
        var last = await StatusAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await Task.Delay(200, TestContext.Current.CancellationToken);
                var isRunning = (await RunsAsync()).Any(run => run.GetProperty("state").GetString() is "queued" or "running");
                var now = await StatusAsync();
                var isQuiet = !isRunning && now.Lag == 0 && now.Consumed == last.Consumed && now.Ends == last.Ends;
                last = now;
                return isQuiet;
            },
            limit ?? Patience);
        return last;
    }

    public async Task<JsonElement[]> RunsAsync() => [.. (await GetAsync("/api/runs?limit=1000")).GetProperty("items").EnumerateArray()];

    /// <summary>Waits for a DAG run in a state and returns it.</summary>
    public Task<JsonElement> RunInStateAsync(params string[] states) => RunInStateAsync([], states);

    /// <param name="known">Runs, by id, that do not count.</param>
    /// <param name="states">The states that count.</param>
    /// <inheritdoc cref="RunInStateAsync(string[])"/>
    public async Task<JsonElement> RunInStateAsync(IReadOnlyCollection<string> known, params string[] states)
    {
        JsonElement[] runs = [];
        bool IsIn(JsonElement run) => states.Contains(run.GetProperty("state").GetString()) && !known.Contains(run.GetProperty("run_id").GetString());
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience;)
        {
            runs = await RunsAsync();
            if (runs.Any(IsIn))
            {
                return runs.First(IsIn);
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"No run is {string.Join(" or ", states)}: {string.Join("\n", runs)}\n{Errors}");
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        Http.Dispose();
    }

    private void Note(ConcurrentQueue<string> lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        lines.Enqueue(line);
        const string Page = "Page ";
        if (line.TrimStart().StartsWith(Page, StringComparison.Ordinal))
        {
            _url.TrySetResult(line.TrimStart()[Page.Length..].Trim());
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}

internal sealed record CommandResult(int ExitCode, string Output, string Errors);

/// <summary>The figures of <c>/api/status</c> that the tests compare.</summary>
internal sealed record Status(long Consumed, long Stored, long DeadLettered, long Late, long Duplicate, long Lag, long Ends)
{
    public static Status From(JsonElement status)
    {
        var totals = status.GetProperty("totals");
        var topics = status.GetProperty("topics").EnumerateArray().Where(t => t.GetProperty("committed").ValueKind == JsonValueKind.Number).ToArray();
        return new Status(
            totals.GetProperty("consumed").GetInt64(),
            totals.GetProperty("stored").GetInt64(),
            totals.GetProperty("dead_lettered").GetInt64(),
            totals.GetProperty("late").GetInt64(),
            totals.GetProperty("duplicate").GetInt64(),
            topics.Sum(t => t.GetProperty("lag").GetInt64()),
            topics.Sum(t => t.GetProperty("end").GetInt64()));
    }
}
