using System.Runtime.CompilerServices;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads quality results merged over the source partitions, newest window first.</summary>
internal sealed class QualityQueries(CassandraReader reader)
{
    private const string All =
        "SELECT window_start, rule_id, checked, failed FROM quality_by_window WHERE day = ? AND (window_start) >= (?) AND (window_start, rule_id) < (?, ?)";

    private const string OfRule =
        "SELECT window_start, rule_id, checked, failed FROM quality_by_rule WHERE rule_id = ? AND day = ? AND window_start >= ? AND window_start < ?";

    public async ValueTask<Page<QualityResult>> QueryAsync(QualityQuery query, CancellationToken cancellationToken)
    {
        // No rule is empty, so this is before everything at that time.
        var (before, beforeRule) = (query.To ?? long.MaxValue, "");
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Quality, query.Cursor);
            var (start, rule) = (cursor.Int64(), cursor.Text());
            cursor.End();
            (before, beforeRule) = start < before ? (start, rule) : (before, beforeRule);
        }

        var page = new PageBuilder<QualityResult>(query.Limit);
        QualityResult? current = null;
        await foreach (var row in RowsAsync(query, before, beforeRule, cancellationToken))
        {
            if (current is not null && current.WindowStart == row.WindowStart && current.RuleId == row.RuleId)
            {
                current = current with { Checked = current.Checked + row.Checked, Failed = current.Failed + row.Failed };
                continue;
            }

            if (current is not null)
            {
                page.Add(current);
                if (page.IsFull)
                {
                    current = null;
                    break;
                }
            }

            current = row;
        }

        if (current is not null)
        {
            page.Add(current);
        }

        return page.Build(last => Cursor.Write(Cursor.Kind.Quality).Add(last.WindowStart).Add(last.RuleId).ToString(), row => row);
    }

    private async IAsyncEnumerable<QualityResult> RowsAsync(
        QualityQuery query, long before, string beforeRule, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (first, last) = Times.Inclusive(query.From, before == long.MaxValue ? null : before + 1);
        var listing = query.RuleId is { } name ? Listings.QualityOfRule(name) : Listings.Quality;
        foreach (var day in await reader.BucketsAsync(listing, Times.DayOf(first), last, cancellationToken))
        {
            var rows = query.RuleId is { } rule
                ? reader.ReadAsync(OfRule, [rule, Times.DayName(day), Times.ToBound(first), Times.ToBound(before)], bytes: null, cancellationToken)
                : reader.ReadAsync(All, [Times.DayName(day), Times.ToBound(first), Times.ToBound(before), beforeRule], bytes: null, cancellationToken);
            await foreach (var row in rows)
            {
                yield return new QualityResult(row.Text("rule_id"), row.Time("window_start"), row.GetValue<long>("checked"), row.GetValue<long>("failed"));
            }
        }
    }
}
