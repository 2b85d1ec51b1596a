using System.Text;
using Pipeline.Streaming;

namespace Pipeline.Testing;

/// <summary>Records for tests, from text.</summary>
public static class Records
{
    /// <summary>Records with these keys and values, all at one timestamp (Unix ms).</summary>
    public static RecordBatchBuilder Of(long timestamp, params IEnumerable<(string? Key, string? Value)> records)
    {
        var builder = new RecordBatchBuilder();
        foreach (var (key, value) in records)
        {
            builder.Add(Encoding.UTF8.GetBytes(key ?? ""), key is not null, Encoding.UTF8.GetBytes(value ?? ""), value is null, timestamp);
        }

        return builder;
    }

    public static RecordBatchBuilder Of(params IEnumerable<(string? Key, string? Value)> records) => Of(1_700_000_000_000, records);

    /// <summary>Adds a record and its headers.</summary>
    public static RecordBatchBuilder Add(this RecordBatchBuilder builder, string key, string value, long timestamp, params IEnumerable<(string Name, string Value)> headers)
    {
        builder.Add(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), timestamp);
        foreach (var (name, headerValue) in headers)
        {
            builder.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(headerValue));
        }

        return builder;
    }

    /// <summary>The values of a batch as text; null for a tombstone.</summary>
    public static IReadOnlyList<string?> Values(this RecordBatch batch)
        => [.. Enumerable.Range(0, batch.Count).Select(i => batch.IsTombstone(i) ? null : Encoding.UTF8.GetString(batch.Value(i)))];

    /// <summary>The keys of a batch as text; null for a record without one.</summary>
    public static IReadOnlyList<string?> Keys(this RecordBatch batch)
        => [.. Enumerable.Range(0, batch.Count).Select(i => batch.HasKey(i) ? Encoding.UTF8.GetString(batch.Key(i)) : null)];
}
