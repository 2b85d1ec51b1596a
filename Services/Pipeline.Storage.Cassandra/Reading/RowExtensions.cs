using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

internal static class RowExtensions
{
    public static string Text(this Row row, string column) => row.GetValue<string>(column) ?? "";

    public static byte[] Bytes(this Row row, string column) => row.GetValue<byte[]>(column) ?? [];

    /// <summary>Unix ms.</summary>
    public static long Time(this Row row, string column) => row.GetValue<DateTimeOffset>(column).ToUnixTimeMilliseconds();
}
