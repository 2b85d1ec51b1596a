using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Streaming.State;

/// <summary>
/// Writes state as bytes into one growing buffer: numbers and whole arrays as they lie in memory (little-endian machines),
/// so that saving a million keys is a copy. Reusable after <see cref="Clear"/>; not thread-safe.
/// </summary>
public sealed class StateWriter
{
    private byte[] _buffer = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Write<T>(T value)
        where T : unmanaged
        => MemoryMarshal.Write(Reserve(Unsafe.SizeOf<T>()), in value);

    /// <summary>Writes the count of items, then the items.</summary>
    public void WriteArray<T>(ReadOnlySpan<T> items)
        where T : unmanaged
    {
        Write(items.Length);
        var bytes = MemoryMarshal.AsBytes(items);
        bytes.CopyTo(Reserve(bytes.Length));
    }

    public void WriteText(string text) => WriteArray<byte>(Encoding.UTF8.GetBytes(text));

    public void Clear() => Length = 0;

    /// <summary>Leaves room for a length that is known later; see <see cref="EndBlock"/>.</summary>
    internal int BeginBlock()
    {
        Write(0);
        return Length;
    }

    /// <summary>Writes the number of bytes since <paramref name="start"/> into the room left by <see cref="BeginBlock"/>.</summary>
    internal void EndBlock(int start) => MemoryMarshal.Write(_buffer.AsSpan(start - sizeof(int)), Length - start);

    private Span<byte> Reserve(int length)
    {
        var needed = checked(Length + length);
        if (needed > _buffer.Length)
        {
            var size = (int)Math.Min(Array.MaxLength, Math.Max(needed, _buffer.Length + (_buffer.Length / 2L)));
            Array.Resize(ref _buffer, size);
        }

        var span = _buffer.AsSpan(Length, length);
        Length = needed;
        return span;
    }
}
