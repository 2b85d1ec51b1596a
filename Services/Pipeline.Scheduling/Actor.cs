namespace Pipeline.Scheduling;

/// <summary>Who acts on a DAG, and why; every action is written to the audit log with it.</summary>
/// <param name="Name">The user, or the component that acts by itself.</param>
/// <param name="Reason">A sentence for whoever reads the audit log later.</param>
/// <param name="Via">The way it came; becomes the run's <c>triggered_by</c>.</param>
public sealed record Actor(string Name, string? Reason = null, TriggeredBy Via = TriggeredBy.RestApi);

/// <summary>What made a run; the wire name is the snake_case name.</summary>
public enum TriggeredBy : byte
{
    Timetable,
    RestApi,
    Cli,
    Ui,
    Backfill,
    Asset,
    Operator,
    Test,
}

/// <summary>A part of a list.</summary>
/// <param name="Total">Of the whole list; -1 when it was not asked for.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, long Total);
