using System.Runtime.CompilerServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads the index of dead letters by append time, newest first; all, or of one reason or rule.</summary>
internal sealed class DeadLetterQueries(CassandraReader reader, Layout layout)
{
    private const int ParallelReads = 16;
    private const string Before = " AND (ingested_at) >= (?) AND (ingested_at, topic, partition, offset) < (?, ?, ?, ?)";

    private const string Columns =
        """
        SELECT topic, partition, offset, reason_code, rule_id, message, error_offset, ingested_at, failed_at, record_key, record_value
        FROM dead_letters WHERE bucket = ?
        """;

    private const string All = Columns + Before;
    private const string ByKey = Columns + " AND ingested_at = ? AND topic = ? AND partition = ? AND offset = ?";
    private const string OfReason = "SELECT ingested_at, topic, partition, offset FROM dead_letters_by_reason WHERE reason_code = ? AND day = ?" + Before;
    private const string OfRule = "SELECT ingested_at, topic, partition, offset FROM dead_letters_by_rule WHERE rule_id = ? AND day = ?" + Before;

    public async ValueTask<Page<DeadLetterEntry>> QueryAsync(DeadLetterQuery query, CancellationToken cancellationToken)
    {
        var page = new PageBuilder<DeadLetterEntry>(query.Limit);
        var place = RecordPlace.Before(query, Cursor.Kind.DeadLetters);
        var (first, last) = Times.Inclusive(query.From, place.Time == long.MaxValue ? null : place.Time + 1);

        // A rule is narrower than its reason.
        var entries = (query.RuleId, query.ReasonCode) switch
        {
            ({ } rule, _) => IndexedAsync(OfRule, rule, Listings.DeadLettersOfRule(rule), first, last, place, cancellationToken),
            (null, { } reason) => IndexedAsync(OfReason, reason, Listings.DeadLettersOfReason(reason), first, last, place, cancellationToken),
            _ => AllAsync(first, last, place, cancellationToken),
        };
        await foreach (var entry in entries)
        {
            // The indexes may name a letter that is gone or that has another reason by now.
            if ((query.ReasonCode is null || entry.ReasonCode == query.ReasonCode) && (query.RuleId is null || entry.RuleId == query.RuleId))
            {
                page.Add(entry, entry.Key.Length + entry.Value.Length);
                if (page.IsFull)
                {
                    break;
                }
            }
        }

        return page.Build(entry => new RecordPlace(entry.IngestedAt, entry.Topic, entry.Partition, entry.Offset).ToCursor(Cursor.Kind.DeadLetters), row => row);
    }

    private async IAsyncEnumerable<DeadLetterEntry> AllAsync(
        long first, long last, RecordPlace place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var bucket in await reader.BucketsAsync(Listings.DeadLetters, layout.BucketOf(first), last, cancellationToken))
        {
            await foreach (var row in reader.ReadAsync(All, [Times.ToBound(bucket), .. Values(first, place)], Size, cancellationToken))
            {
                yield return Read(row);
            }
        }
    }

    private async IAsyncEnumerable<DeadLetterEntry> IndexedAsync(
        string cql, string name, string listing, long first, long last, RecordPlace place,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var day in await reader.BucketsAsync(listing, Times.DayOf(first), last, cancellationToken))
        {
            var places = reader.ReadAsync(cql, [name, Times.DayName(day), .. Values(first, place)], bytes: null, cancellationToken);
            await foreach (var chunk in places.Chunk(ParallelReads).WithCancellation(cancellationToken))
            {
                foreach (var row in await Task.WhenAll(chunk.Select(p => FindAsync(p, cancellationToken))))
                {
                    if (row is not null)
                    {
                        yield return Read(row);
                    }
                }
            }
        }
    }

    private Task<Row?> FindAsync(Row place, CancellationToken cancellationToken)
    {
        var ingested = place.Time("ingested_at");
        object[] key = [Times.ToBound(layout.BucketOf(ingested)), Times.ToBound(ingested), place.Text("topic"), place.GetValue<int>("partition"), place.GetValue<long>("offset")];
        return reader.FindAsync(ByKey, key, cancellationToken).AsTask();
    }

    private static object[] Values(long first, RecordPlace place) => [Times.ToBound(first), Times.ToBound(place.Time), place.Topic, place.Partition, place.Offset];

    private static int Size(Row row) => row.Bytes("record_key").Length + row.Bytes("record_value").Length;

    private static DeadLetterEntry Read(Row row) => new(
        row.Text("topic"),
        row.GetValue<int>("partition"),
        row.GetValue<long>("offset"),
        row.Text("reason_code"),
        row.Text("rule_id"),
        row.Text("message"),
        row.GetValue<int>("error_offset"),
        row.Time("ingested_at"),
        row.Time("failed_at"),
        row.Bytes("record_key"),
        row.Bytes("record_value"));
}
