using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// The log of one try: every line goes to the host's log at once and to the metadata database soon (four times a second, and with
/// the end of the try), so that it can be watched, and a process that dies takes little of it along.
/// </summary>
internal sealed class TaskLog(TaskInstance task, MetadataDatabase database, ILogger outer, TimeProvider clock) : ILogger, IAsyncDisposable
{
    private const int MaxLines = 2_000;
    private const int MaxMessageLength = 4_000;
    private static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private List<TaskLogLine> _pending = [];
    private int _lines;
    private ITimer? _timer;
    private Task _flushing = Task.CompletedTask;

    public void Start() => _timer = clock.CreateTimer(_ => Flush(), null, FlushInterval, FlushInterval);

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
        if (_timer is { } timer)
        {
            await timer.DisposeAsync();
            _timer = null;
        }

        await _flushing;
        return TakePending();
    }

    public async ValueTask DisposeAsync() => await EndAsync();

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

    private void Flush()
    {
        lock (_gate)
        {
            // One write at a time; the next tick takes what has come meanwhile.
            if (_pending.Count > 0 && _flushing.IsCompleted)
            {
                _flushing = WriteAsync(TakePending());
            }
        }
    }

    private async Task WriteAsync(List<TaskLogLine> lines)
    {
        try
        {
            await database.WriteAsync(session => ResultTable.InsertLines(session, lines), CancellationToken.None);
        }
        catch (MetadataStoreException e)
        {
            // The try's own log must not fail the try; its lines are in the host's log, and the next write will tell if the fault stays.
            outer.TaskLogNotStored(e, task.DagId, task.RunId, task.TaskId, lines.Count);
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
