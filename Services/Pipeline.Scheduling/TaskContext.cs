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
    private readonly Dag _dag;
    private readonly MetadataDatabase _database;
    private readonly TrySlot _slot;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, XCom> _pushed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _assetExtras = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _ended;

    internal TaskContext(
        Dag dag, DagRun run, TaskInstance task, long fencingToken, IServiceProvider services, ILogger logger, RunFiles files, MetadataDatabase database, TrySlot slot, TimeProvider clock)
    {
        _dag = dag;
        Run = run;
        TaskId = task.TaskId;
        TryNumber = task.TryNumber;
        MaxTries = task.MaxTries;
        FencingToken = fencingToken;
        Services = services;
        Logger = logger;
        Files = files;
        _database = database;
        _slot = slot;
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

    /// <summary>
    /// Grows whenever the run changes hands. A store that keeps the largest it has seen for a run and refuses smaller ones is safe from a process that
    /// was stopped, lost the run, and goes on with it unknowing for a moment.
    /// </summary>
    public long FencingToken { get; }

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
        var json = _database.Read(session => ResultTable.FindValue(session, DagId, RunId, taskId, key))
            ?? throw new InvalidOperationException($"The task '{taskId}' of the run {RunId} has no result '{key}'.");
        return JsonSerializer.Deserialize<T>(json)!;
    }

    /// <summary>The value of a param: the run's conf, or the DAG's default.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public T Param<T>(string name)
        => DagParams.Find(_dag, Run.Conf, name) is { } json
            ? JsonSerializer.Deserialize<T>(json)!
            : throw new InvalidOperationException($"The run {RunId} has no param '{name}'.");

    /// <summary>
    /// Waits until a condition holds (a sensor): asks at once, then at intervals. Meanwhile the try holds no slot of its scheduler, so that any number of
    /// tasks may wait; it keeps its place in its pool and in its run, and its timeout goes on.
    /// </summary>
    /// <param name="condition">Cheap, and without effects: it may be asked again after the process died.</param>
    /// <param name="interval">Between two looks.</param>
    public async Task WaitUntilAsync(Func<CancellationToken, Task<bool>> condition, TimeSpan interval, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        if (await condition(cancellationToken))
        {
            return;
        }

        _slot.Leave();
        try
        {
            do
            {
                await Task.Delay(interval, _clock, cancellationToken);
            }
            while (!await condition(cancellationToken));
        }
        finally
        {
            await _slot.ReturnAsync(cancellationToken);
        }
    }

    /// <summary>Adds something to the update of an outlet: how much was written, where.</summary>
    public void Describe<T>(Asset asset, T extra)
    {
        lock (_gate)
        {
            ThrowIfEnded();
            _assetExtras[asset.Name] = JsonSerializer.Serialize(extra);
        }
    }

    internal string? AssetExtra(Asset asset) => _assetExtras.GetValueOrDefault(asset.Name);

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
