using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Writes the index of dead letters, keyed by append time and source position.</summary>
internal sealed class DeadLetterTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT INTO dead_letters (ingested_at, topic, partition, "offset", reason_code, rule_id, message, error_offset, failed_at, record_key, record_value)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT DO UPDATE SET
            reason_code = excluded.reason_code, rule_id = excluded.rule_id, message = excluded.message, error_offset = excluded.error_offset,
            failed_at = excluded.failed_at, record_key = excluded.record_key, record_value = excluded.record_value
        """);

    public void Write(List<DeadLetterRow> rows)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            _upsert.Bind(1, row.IngestedAt).BindText(2, utf8[row.Topic]).Bind(3, row.Partition).Bind(4, row.Offset)
                .BindText(5, utf8[row.ReasonCode]).BindText(6, utf8[row.RuleId]).BindOnce(7, row.Message).Bind(8, row.ErrorOffset).Bind(9, row.FailedAt)
                .BindBlob(10, row.Key.Span).BindBlob(11, row.Value.Span)
                .Execute();
        }
    }
}
