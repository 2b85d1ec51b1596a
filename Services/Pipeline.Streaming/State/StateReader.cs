using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Streaming.State;

/// <summary>Reads what <see cref="StateWriter"/> wrote, in the same order.</summary>
/// <exception cref="StateRestoreException">Thrown by every member when the bytes end too early.</exception>
public ref struct StateReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    internal readonly int Remaining => _rest.Length;

    public T Read<T>()
        where T : unmanaged
        => MemoryMarshal.Read<T>(Take(Unsafe.SizeOf<T>()));

    /// <summary>The number of items of the array that follows; read the items with <see cref="ReadItems"/>.</summary>
    public int ReadCount()
    {
        var count = Read<int>();
        return count >= 0 && count <= _rest.Length ? count : throw EndsTooEarly();
    }

    public void ReadItems<T>(Span<T> target)
        where T : unmanaged
        => Take(checked(target.Length * Unsafe.SizeOf<T>())).CopyTo(MemoryMarshal.AsBytes(target));

    public string ReadText() => Encoding.UTF8.GetString(Take(ReadCount()));

    internal ReadOnlySpan<byte> ReadBlock() => Take(ReadCount());

    private static StateRestoreException EndsTooEarly() => new("The saved state ends before it is complete.");

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length < 0 || length > _rest.Length)
        {
            throw EndsTooEarly();
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
