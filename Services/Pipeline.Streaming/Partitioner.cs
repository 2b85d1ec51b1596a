namespace Pipeline.Streaming;

/// <summary>
/// The partition of a key, as Kafka's default partitioner computes it (murmur2, seed 0x9747b28c), so that a key keeps its
/// partition when a topic moves between the embedded log and Kafka.
/// </summary>
public static class Partitioner
{
    public static int ForKey(ReadOnlySpan<byte> key, int partitions) => (int)((Murmur2(key) & 0x7fffffffu) % (uint)partitions);

    private static uint Murmur2(ReadOnlySpan<byte> data)
    {
        const uint M = 0x5bd1e995;
        var h = 0x9747b28cu ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data) * M;
            k ^= k >> 24;
            h = (h * M) ^ (k * M);
            data = data[4..];
        }

        if (data.Length > 0)
        {
            var tail = 0u;
            for (var i = data.Length - 1; i >= 0; i--)
            {
                tail = (tail << 8) | data[i];
            }

            h = (h ^ tail) * M;
        }

        h ^= h >> 13;
        h *= M;
        return h ^ (h >> 15);
    }
}
