using System.Runtime.InteropServices;

namespace Pipeline.Sqlite;

/// <summary>
/// Memory of a statement's own for the texts and blobs bound to it, one piece per parameter, kept from row to row: SQLite is told that it stays
/// where it is, and so neither allocates nor copies. A piece may move when a longer value comes, which is right because binding replaces the value.
/// </summary>
internal sealed unsafe class ParameterBuffers(int parameters) : IDisposable
{
    /// <summary>Longer values are rare and would keep their memory for as long as the statement lives.</summary>
    public const int LongestKept = 4096;

    private readonly nint[] _buffers = new nint[parameters];
    private readonly int[] _capacities = new int[parameters];

    /// <summary>Whether the statement has such a parameter; SQLite itself reports the mistake when not.</summary>
    public bool Has(int parameter) => (uint)(parameter - 1) < (uint)_buffers.Length;

    /// <summary>Copies bytes to the memory of a parameter (numbered from 1).</summary>
    public byte* Keep(int parameter, ReadOnlySpan<byte> bytes)
    {
        ref var buffer = ref _buffers[parameter - 1];
        ref var capacity = ref _capacities[parameter - 1];
        if (capacity < bytes.Length || buffer == 0)
        {
            capacity = Math.Max(16, bytes.Length + (bytes.Length / 2));
            buffer = (nint)NativeMemory.Realloc((void*)buffer, (nuint)capacity);
        }

        bytes.CopyTo(new Span<byte>((void*)buffer, capacity));
        return (byte*)buffer;
    }

    public void Dispose()
    {
        foreach (ref var buffer in _buffers.AsSpan())
        {
            NativeMemory.Free((void*)buffer);
            buffer = 0;
        }
    }
}
