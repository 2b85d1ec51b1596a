namespace Pipeline.Scheduling;

/// <summary>A small result of a task, kept with the run (Airflow's "cross-communication").</summary>
/// <param name="Value">JSON, at most <see cref="MaxBytes"/> as UTF-8.</param>
public sealed record XCom(string DagId, string RunId, string TaskId, string Key, string Value, DateTimeOffset Timestamp)
{
    public const int MaxBytes = 64 * 1024;
}

/// <summary>One line that a try logged.</summary>
/// <param name="Line">Counted from 1 within the try.</param>
/// <param name="Level"><c>INFO</c>, <c>WARNING</c>, <c>ERROR</c>, … as Airflow writes them.</param>
public sealed record TaskLogLine(
    string DagId, string RunId, string TaskId, int TryNumber, int Line, DateTimeOffset Timestamp, string Level, string Message);
