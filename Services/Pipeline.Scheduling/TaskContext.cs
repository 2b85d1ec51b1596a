using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>
/// What one try of a task may touch. Results that it pushes are written together with its success: a try that fails leaves
/// none. After the try has ended the context refuses everything, so that an abandoned try changes nothing.
/// </summary>
public sealed class TaskContext
{
    private readonly TaskInstanceStore _store;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, XCom> _pushed = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _ended;

    internal TaskContext(DagRun run, TaskInstance task, IServiceProvider services, ILogger logger, RunFiles files, TaskInstanceStore store, TimeProvider clock)
    {
        Run = run;
        TaskId = task.TaskId;
        TryNumber = task.TryNumber;
        MaxTries = task.MaxTries;
        Services = services;
        Logger = logger;
        Files = files;
        _store = store;
        _clock = clock;
    }

    public DagRun Run { get; }

    public string DagId => Run.DagId;

    public string RunId => Run.RunId;

    public DataInterval DataInterval => Run.DataInterval;

    public string TaskId { get; }

    /// <summary>Counted from 1.</summary>
    public int TryNumber { get; }

    public int MaxTries { get; }

    /// <summary>A scope of this try.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Writes to the host's log and to the stored log of this try. Nothing secret belongs there.</summary>
    public ILogger Logger { get; }

    /// <summary>Files of the run, for results that are too large to push.</summary>
    public RunFiles Files { get; }

    /// <summary>Keeps a small result for later tasks and for people.</summary>
    /// <exception cref="XComTooLargeException">It is more than 64 KiB of JSON.</exception>
    public void Push<T>(string key, T value)
    {
        var json = JsonSerializer.Serialize(value);
        var bytes = Encoding.UTF8.GetByteCount(json);
        if (bytes > XCom.MaxBytes)
        {
            throw new XComTooLargeException(key, bytes, XCom.MaxBytes);
        }

        lock (_gate)
        {
            ThrowIfEnded();
            _pushed[key] = new XCom(DagId, RunId, TaskId, key, json, _clock.GetUtcNow());
        }
    }

    /// <summary>A result that another task of this run pushed.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public T Pull<T>(string taskId, string key)
    {
        var json = _store.FindResult(DagId, RunId, taskId, key)
            ?? throw new InvalidOperationException($"The task '{taskId}' of the run {RunId} has no result '{key}'.");
        return JsonSerializer.Deserialize<T>(json)!;
    }

    /// <summary>Ends the try and hands its results over.</summary>
    internal IReadOnlyList<XCom> End()
    {
        lock (_gate)
        {
            _ended = true;
            return [.. _pushed.Values];
        }
    }

    private void ThrowIfEnded()
    {
        if (_ended)
        {
            throw new InvalidOperationException($"Try {TryNumber} of the task '{TaskId}' has ended; it can push no more results.");
        }
    }
}
