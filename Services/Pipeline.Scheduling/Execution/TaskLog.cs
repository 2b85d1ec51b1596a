using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// The log of one try: every line goes to the host's log at once and to the metadata database soon (every second, and with
/// the end of the try), so that a process that dies takes a second of it along at most.
/// </summary>
internal sealed class TaskLog(TaskInstance task, TaskInstanceStore store, ILogger outer, TimeProvider clock) : ILogger, IAsyncDisposable
{
    private const int MaxLines = 2_000;
    private const int MaxMessageLength = 4_000;
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private List<TaskLogLine> _pending = [];
    private int _lines;
    private Task _flushing = Task.CompletedTask;

    public void Start() => _flushing = FlushLoopAsync(_stop.Token);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => outer.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        outer.Log(logLevel, eventId, state, exception, formatter);
        if (IsEnabled(logLevel))
        {
            var message = formatter(state, exception);
            Add(logLevel, exception is null ? message : $"{message} ({exception.GetType().Name}: {exception.Message})");
        }
    }

    /// <summary>Stops the regular writing; the lines not written yet are for the caller to write.</summary>
    public async Task<IReadOnlyList<TaskLogLine>> EndAsync()
    {
        await _stop.CancelAsync();
        await _flushing;
        return TakePending();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _stop.Dispose();
    }

    private void Add(LogLevel level, string message)
    {
        lock (_gate)
        {
            if (_lines >= MaxLines)
            {
                return;
            }

            _lines++;
            var text = _lines == MaxLines
                ? $"This try has logged {MaxLines} lines; the host's log has the rest."
                : message.Length > MaxMessageLength ? message[..MaxMessageLength] + " …" : message;
            _pending.Add(new TaskLogLine(task.DagId, task.RunId, task.TaskId, task.TryNumber, _lines, clock.GetUtcNow(), LevelName(level), text));
        }
    }

    private async Task FlushLoopAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(FlushInterval, clock);
        while (true)
        {
            try
            {
                if (!await timer.WaitForNextTickAsync(cancellationToken))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var lines = TakePending();
            if (lines.Count == 0)
            {
                continue;
            }

            try
            {
                await store.AppendLogAsync(lines, CancellationToken.None);
            }
            catch (MetadataStoreException e)
            {
                // The try's own log must not fail the try; its lines are in the host's log, and the next write will tell if the fault stays.
                outer.TaskLogNotStored(e, task.DagId, task.RunId, task.TaskId, lines.Count);
            }
        }
    }

    private List<TaskLogLine> TakePending()
    {
        lock (_gate)
        {
            var taken = _pending;
            _pending = [];
            return taken;
        }
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Critical => "CRITICAL",
        LogLevel.Error => "ERROR",
        LogLevel.Warning => "WARNING",
        LogLevel.Information => "INFO",
        _ => "DEBUG",
    };
}
