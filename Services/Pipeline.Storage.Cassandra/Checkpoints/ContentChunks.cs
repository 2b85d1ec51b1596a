namespace Pipeline.Storage.Cassandra.Checkpoints;

/// <summary>
/// Cuts bytes into chunks where their content says so (content-defined chunking, by the gear hash of FastCDC), not every so many bytes: what comes in at one place moves the cuts
/// near it and no others, so that most chunks of state that has changed a little are the same as before.
/// </summary>
internal static class ContentChunks
{
    /// <summary>No chunk but the last is shorter (bytes).</summary>
    internal const int Shortest = 16 << 10;

    /// <summary>
    /// No chunk is longer (bytes): far below what a node takes as one mutation, and below what the collectors of both sides take for a large object, which is dearer: half a region of
    /// the node's heap (of a megabyte at least), and 85,000 bytes here.
    /// </summary>
    internal const int Longest = 64 << 10;

    // One place in 16,384 is a cut: chunks of 32 KiB in the mean. The upper bits, because they depend on the last 64 bytes and not on the last few.
    private const ulong Mask = 0x3FFFul << 50;

    private static readonly ulong[] Gear = MakeGear();

    /// <summary>The length of the first chunk.</summary>
    public static int NextLength(ReadOnlySpan<byte> bytes)
    {
        var end = Math.Min(bytes.Length, Longest);
        var hash = 0ul;
        for (var i = Shortest; i < end; i++)
        {
            hash = (hash << 1) + Gear[bytes[i]];
            if ((hash & Mask) == 0)
            {
                return i + 1;
            }
        }

        return end;
    }

    // Any well-mixed numbers will do, as long as they are the same for all checkpoints of a process: SplitMix64.
    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var state = 0ul;
        for (var i = 0; i < gear.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            gear[i] = mixed ^ (mixed >> 31);
        }

        return gear;
    }
}
