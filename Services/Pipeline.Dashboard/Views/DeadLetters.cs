using System.Text;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of dead letters asks.</summary>
public sealed record DeadLettersQuestion(string Range, string? Reason, string? Rule, string? Search, string? Cursor);

/// <summary>The dead letters of a range: how many of each kind, and a page of them.</summary>
public sealed record DeadLetters
{
    /// <summary>By reason and rule, most first.</summary>
    public required IReadOnlyList<DeadLetterGroup> Groups { get; init; }

    /// <summary>Dead letters that the groups count: the newest ones of the range.</summary>
    public required long Counted { get; init; }

    /// <summary>Whether the range holds more than were counted.</summary>
    public required bool IsCountPartial { get; init; }

    public required IReadOnlyList<DeadLetterSummary> Items { get; init; }

    public required string? NextCursor { get; init; }

    /// <summary>Dead letters that were looked through for the searched text; 0 without a search.</summary>
    public required long Searched { get; init; }
}

public sealed record DeadLetterGroup(string Reason, string Rule, long Count, long LastIngestedAt);

/// <summary>A dead letter without its bytes.</summary>
public sealed record DeadLetterSummary(DeadLetterEntry Entry, int ValueLength, string Preview);

/// <summary>One dead letter with all that is known of it.</summary>
/// <param name="Headers">Of the original record; null when the log no longer holds it.</param>
public sealed record DeadLetterDetail(DeadLetterEntry Entry, IReadOnlyList<KeyValuePair<string, string>>? Headers);

internal sealed class DeadLettersReader(IResultStore store, IRecordLog log, TimeProvider clock)
{
    public const int PageSize = 50;

    // What one reading may cost, however many dead letters there are and however large they are.
    private const int MaxCounted = 5000;
    private const int MaxSearched = 20_000;
    private const long MaxBytes = 32 << 20;
    private const int StorePage = 500;
    private const int PreviewBytes = 400;

    public async ValueTask<DeadLetters> ReadAsync(DeadLettersQuestion question, CancellationToken cancellationToken)
    {
        var from = TimeRange.Parse(question.Range, "24h").From(clock.GetUtcNow());
        var (groups, counted, isPartial) = await CountAsync(from, cancellationToken);
        var (items, cursor, searched) = await ListAsync(question, from, cancellationToken);
        return new DeadLetters { Groups = groups, Counted = counted, IsCountPartial = isPartial, Items = items, NextCursor = cursor, Searched = searched };
    }

    /// <summary>The dead letter of a record, found by the time of its append; null when there is none.</summary>
    public async Task<DeadLetterDetail?> FindAsync(string topic, int partition, long offset, long ingestedAt, CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await store.QueryDeadLettersAsync(new DeadLetterQuery { From = ingestedAt, To = ingestedAt + 1, Limit = StorePage, Cursor = cursor }, cancellationToken);
            if (page.Items.FirstOrDefault(e => e.Topic == topic && e.Partition == partition && e.Offset == offset) is { } entry)
            {
                return new DeadLetterDetail(entry, await HeadersAsync(entry, cancellationToken));
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
        return null;
    }

    private async Task<(IReadOnlyList<DeadLetterGroup> Groups, long Counted, bool IsPartial)> CountAsync(long? from, CancellationToken cancellationToken)
    {
        var groups = new Dictionary<(string Reason, string Rule), (long Count, long Last)>();
        var (counted, bytes) = (0L, 0L);
        string? cursor = null;
        do
        {
            var page = await store.QueryDeadLettersAsync(new DeadLetterQuery { From = from, Limit = StorePage, Cursor = cursor }, cancellationToken);
            foreach (var entry in page.Items)
            {
                var (count, last) = groups.GetValueOrDefault((entry.ReasonCode, entry.RuleId));
                groups[(entry.ReasonCode, entry.RuleId)] = (count + 1, Math.Max(last, entry.IngestedAt));
                bytes += entry.Value.Length;
            }

            counted += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null && counted < MaxCounted && bytes < MaxBytes);
        return ([.. groups.Select(g => new DeadLetterGroup(g.Key.Reason, g.Key.Rule, g.Value.Count, g.Value.Last)).OrderByDescending(g => g.Count).ThenBy(g => g.Rule, StringComparer.Ordinal)], counted, cursor is not null);
    }

    private async Task<(IReadOnlyList<DeadLetterSummary> Items, string? Cursor, long Searched)> ListAsync(DeadLettersQuestion question, long? from, CancellationToken cancellationToken)
    {
        var query = new DeadLetterQuery { From = from, ReasonCode = question.Reason, RuleId = question.Rule, Cursor = question.Cursor, Limit = PageSize };
        if (string.IsNullOrEmpty(question.Search))
        {
            var page = await store.QueryDeadLettersAsync(query, cancellationToken);
            return ([.. page.Items.Select(Summarize)], page.Cursor, 0);
        }

        // A page of the store is taken whole: only its end can be continued from.
        var found = new List<DeadLetterSummary>();
        var (searched, bytes) = (0L, 0L);
        var cursor = question.Cursor;
        do
        {
            var page = await store.QueryDeadLettersAsync(query with { Cursor = cursor }, cancellationToken);
            found.AddRange(page.Items.Where(e => Contains(e, question.Search)).Select(Summarize));
            searched += page.Items.Count;
            bytes += page.Items.Sum(e => (long)e.Value.Length);
            cursor = page.Cursor;
        }
        while (cursor is not null && found.Count < PageSize && searched < MaxSearched && bytes < MaxBytes);
        return (found, cursor, searched);
    }

    private async Task<IReadOnlyList<KeyValuePair<string, string>>?> HeadersAsync(DeadLetterEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            using var batch = await log.FetchAsync(new Position(new TopicPartition(entry.Topic, entry.Partition), entry.Offset), 1, cancellationToken);
            return batch.Count > 0 && batch.Offset(0) == entry.Offset ? HeaderReader.ToList(batch.Headers(0)) : null;
        }
        catch (RecordLogException)
        {
            // Removed by retention, or the log is away: what the store holds is shown all the same.
            return null;
        }
    }

    private static bool Contains(DeadLetterEntry entry, string text)
        => entry.Message.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Encoding.UTF8.GetString(entry.Key).Contains(text, StringComparison.OrdinalIgnoreCase)
        || Encoding.UTF8.GetString(entry.Value).Contains(text, StringComparison.OrdinalIgnoreCase);

    private static DeadLetterSummary Summarize(DeadLetterEntry entry) => new(
        entry with { Value = [], Key = [] },
        entry.Value.Length,
        Encoding.UTF8.GetString(entry.Value.AsSpan(0, Math.Min(entry.Value.Length, PreviewBytes))));
}
