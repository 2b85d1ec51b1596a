using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Components.Runs;

/// <summary>Something that a person is about to do, for the dialog that asks whether they mean it.</summary>
/// <param name="Verb">What the button says.</param>
/// <param name="Text">What it will do, in a sentence.</param>
/// <param name="Affected">Task instances that it will change.</param>
/// <param name="Run">Does it; returns what has happened, in a sentence.</param>
public sealed record PageAction(
    string Title, string Verb, string Text, IReadOnlyList<TaskInstance> Affected, Func<Actor, CancellationToken, Task<string>> Run)
{
    public bool IsDangerous { get; init; }

    /// <summary>Why it cannot be done, for who asked; <see langword="null"/> when it can.</summary>
    public string? Refusal { get; init; }
}
