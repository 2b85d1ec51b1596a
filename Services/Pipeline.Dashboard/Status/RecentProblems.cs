namespace Pipeline.Dashboard.Status;

/// <param name="Component">Category of the log: the part that wrote it.</param>
public sealed record Problem(DateTimeOffset At, LogLevel Level, string Component, string Message);

/// <summary>The last warnings and errors that this process logged. Bounded: the oldest is forgotten.</summary>
[ProviderAlias("RecentProblems")]
internal sealed class RecentProblems(TimeProvider clock) : ILoggerProvider
{
    private const int Kept = 50;
    private const int MaxLength = 2000;

    private readonly Lock _gate = new();
    private readonly Queue<Problem> _problems = new(Kept);

    /// <summary>Latest first.</summary>
    public IReadOnlyList<Problem> Latest
    {
        get
        {
            lock (_gate)
            {
                return [.. _problems.Reverse()];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    public void Dispose()
    {
    }

    private void Add(Problem problem)
    {
        lock (_gate)
        {
            if (_problems.Count == Kept)
            {
                _problems.Dequeue();
            }

            _problems.Enqueue(problem);
        }
    }

    private sealed class Writer(RecentProblems problems, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var text = exception is null ? formatter(state, exception) : $"{formatter(state, exception)} ({exception.GetType().Name}: {exception.Message})";
                problems.Add(new Problem(problems.Clock.GetUtcNow(), logLevel, category, text.Length > MaxLength ? text[..MaxLength] : text));
            }
        }
    }

    private TimeProvider Clock => clock;
}
