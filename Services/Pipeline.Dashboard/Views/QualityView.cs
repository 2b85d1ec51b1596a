using Pipeline.Contracts;
using Pipeline.Storage;
using QualityResult = Pipeline.Storage.QualityResult;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of quality asks.</summary>
public sealed record QualityQuestion(string Range, string? Rule);

/// <summary>Every rule of the contract with how it did, by the time at which records were appended.</summary>
public sealed record QualityView
{
    public required long From { get; init; }

    public required long To { get; init; }

    public required IReadOnlyList<RuleView> Rules { get; init; }

    /// <summary>The last records that failed the chosen rule.</summary>
    public required IReadOnlyList<FailedSample> Samples { get; init; }

    /// <summary>Whether the range holds more windows than were read.</summary>
    public required bool IsPartial { get; init; }
}

/// <param name="FailingWindows">Minutes in which more failed than the rule tolerates.</param>
/// <param name="Minutes">Oldest first.</param>
/// <param name="Failures">Records that failed, in equal parts of the range.</param>
public sealed record RuleView(ContractRule Rule, long Checked, long Failed, long FailingWindows, IReadOnlyList<QualityResult> Minutes, IReadOnlyList<double> Failures)
{
    internal const int Parts = 60;

    /// <summary>Share that passed; null when nothing was checked.</summary>
    public double? PassRate => Checked == 0 ? null : 1 - ((double)Failed / Checked);

    /// <summary>Share that passed in the last minute in which something was checked.</summary>
    public double? LastPassRate => Minutes.Count == 0 || Minutes[^1].Checked == 0 ? null : 1 - ((double)Minutes[^1].Failed / Minutes[^1].Checked);

    public bool Passes => Rule.Tolerates(Failed, Checked);
}

/// <param name="Link">Where all of it is shown.</param>
public sealed record FailedSample(long IngestedAt, string Position, string Text, string Link);

internal sealed class QualityReader(IResultStore store, TimeProvider clock)
{
    private const int StorePage = 1000;
    private const int MaxRows = 60_000;
    private const int Samples = 10;
    private const int SearchedEvents = 2000;

    public async ValueTask<QualityView> ReadAsync(QualityQuestion question, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var from = TimeRange.Parse(question.Range, "1h").From(now) ?? 0;
        var (results, isPartial) = await ResultsAsync(from, cancellationToken);
        var byRule = results.ToLookup(r => r.RuleId, StringComparer.Ordinal);
        return new QualityView
        {
            From = from,
            To = now.ToUnixTimeMilliseconds(),
            Rules = [.. ContractModel.Embedded.Rules.Select(rule => ToView(rule, byRule[rule.Id], from, now.ToUnixTimeMilliseconds()))],
            Samples = ContractModel.Embedded.Rules.FirstOrDefault(r => r.Id == question.Rule) is { } chosen ? await SamplesAsync(chosen, cancellationToken) : [],
            IsPartial = isPartial,
        };
    }

    private async Task<(List<QualityResult> Results, bool IsPartial)> ResultsAsync(long from, CancellationToken cancellationToken)
    {
        var results = new List<QualityResult>();
        string? cursor = null;
        do
        {
            var page = await store.QueryQualityAsync(new QualityQuery { From = from, Limit = StorePage, Cursor = cursor }, cancellationToken);
            results.AddRange(page.Items);
            cursor = page.Cursor;
        }
        while (cursor is not null && results.Count < MaxRows);
        return (results, cursor is not null);
    }

    private static RuleView ToView(ContractRule rule, IEnumerable<QualityResult> results, long from, long to)
    {
        var minutes = results.OrderBy(r => r.WindowStart).ToArray();
        var failures = new double[RuleView.Parts];
        foreach (var minute in minutes)
        {
            failures[(int)Math.Clamp((minute.WindowStart - from) * RuleView.Parts / Math.Max(1, to - from), 0, RuleView.Parts - 1)] += minute.Failed;
        }

        return new RuleView(rule, minutes.Sum(m => m.Checked), minutes.Sum(m => m.Failed), minutes.Count(m => !rule.Tolerates(m.Failed, m.Checked)), minutes, failures);
    }

    private async Task<IReadOnlyList<FailedSample>> SamplesAsync(ContractRule rule, CancellationToken cancellationToken)
    {
        if (rule.Severity == RuleSeverity.Reject)
        {
            var letters = await store.QueryDeadLettersAsync(new DeadLetterQuery { RuleId = rule.Id, Limit = Samples }, cancellationToken);
            return [.. letters.Items.Select(d => new FailedSample(d.IngestedAt, $"{d.Topic}-{d.Partition}@{d.Offset}", d.Message, DeadLetterPlace.LinkTo(d)))];
        }

        // Events that were stored with a warning carry it as a bit; they are looked for among the newest.
        var found = new List<FailedSample>();
        var (searched, cursor) = (0, (string?)null);
        do
        {
            var page = await store.QueryEventsAsync(new EventQuery { Limit = StorePage, Cursor = cursor }, cancellationToken);
            found.AddRange(page.Items.Where(e => (e.Flags >> rule.Index & 1) == 1)
                .Select(e => new FailedSample(e.IngestedAt, $"{e.Topic}-{e.Partition}@{e.Offset}", EventSummary.Of(e, withNames: false), TopicLinks.Record(e.Topic, e.Partition, e.Offset))));
            searched += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null && searched < SearchedEvents && found.Count < Samples);
        return [.. found.Take(Samples)];
    }
}
