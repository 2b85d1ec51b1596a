using System.Buffers;
using System.Text;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary>Binding and reading of the types that rows are made of.</summary>
internal static class StatementExtensions
{
    private const int StackLimit = 1024;

    /// <summary>An id as 16 bytes, big-endian, so that SQLite orders ids as their text is ordered.</summary>
    public static SqliteStatement Bind(this SqliteStatement statement, int parameter, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return statement.BindBlob(parameter, bytes);
    }

    /// <summary>Text that seldom repeats.</summary>
    public static SqliteStatement BindOnce(this SqliteStatement statement, int parameter, string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        var bytes = most <= StackLimit ? stackalloc byte[StackLimit] : rented = ArrayPool<byte>.Shared.Rent(most);
        statement.BindText(parameter, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return statement;
    }

    public static Guid GetGuid(this SqliteStatement statement, int column) => new(statement.GetBytes(column), bigEndian: true);

    /// <summary>SQLite has no NaN and keeps it as null.</summary>
    public static double GetNumber(this SqliteStatement statement, int column) => statement.IsNull(column) ? double.NaN : statement.GetDouble(column);

    public static bool GetBoolean(this SqliteStatement statement, int column) => statement.GetInt64(column) != 0;

    public static SqliteStatement Bind(this SqliteStatement statement, int parameter, bool value) => statement.Bind(parameter, value ? 1L : 0L);
}
