using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Writes quality results; a later write of the same rule, window and source partition replaces the row.</summary>
internal sealed class QualityTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT INTO quality_results (window_start, rule_id, topic, partition, checked, failed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET checked = excluded.checked, failed = excluded.failed
        """);

    /// <inheritdoc cref="WindowTable.Write(List{WindowRow}, long)" path="/param"/>
    public void Write(List<QualityRow> rows, long from)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.WindowStart >= from)
            {
                _upsert.Bind(1, row.WindowStart).BindText(2, utf8[row.RuleId]).BindText(3, utf8[row.Topic]).Bind(4, row.Partition)
                    .Bind(5, row.Checked).Bind(6, row.Failed)
                    .Execute();
            }
        }
    }
}
