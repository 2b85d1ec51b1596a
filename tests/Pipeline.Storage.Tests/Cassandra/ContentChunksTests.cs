using CsCheck;
using Pipeline.Storage.Cassandra.Checkpoints;

namespace Pipeline.Storage.Tests.Cassandra;

public sealed class ContentChunksTests
{
    private const int Bytes = 2 << 20;

    [Fact]
    public void NextLength_AnyBytes_IsWithinTheBoundsAndEndsWithThem()
        => Gen.Select(Gen.Int, Gen.Int[0, 300_000], Gen.Bool).Sample((seed, length, isEmpty) =>
        {
            var bytes = new byte[length];
            if (!isEmpty)
            {
                new Random(seed).NextBytes(bytes);
            }

            var chunks = Split(bytes);
            Assert.Equal(bytes, chunks.SelectMany(c => c));
            Assert.All(chunks.SkipLast(1), c => Assert.InRange(c.Length, ContentChunks.Shortest + 1, ContentChunks.Longest));
            Assert.All(chunks.TakeLast(1), c => Assert.InRange(c.Length, 1, ContentChunks.Longest));
        });

    [Fact]
    public void NextLength_SomethingPutInAnywhere_LeavesTheOtherChunksAsTheyWere()
        => Gen.Select(Gen.Int, Gen.Int[0, Bytes], Gen.Int[1, 100]).Sample(
            (seed, place, length) =>
            {
                var random = new Random(seed);
                var before = new byte[Bytes];
                random.NextBytes(before);
                var put = new byte[length];
                random.NextBytes(put);
                byte[] after = [.. before.AsSpan(0, place), .. put, .. before.AsSpan(place)];

                var known = Split(before).Select(Convert.ToHexString).ToHashSet();
                var chunks = Split(after).Select(Convert.ToHexString).ToList();
                var changed = chunks.Count(c => !known.Contains(c));
                Assert.InRange(changed, 1, chunks.Count / 4);
            },
            iter: 50);

    private static List<byte[]> Split(byte[] bytes)
    {
        var chunks = new List<byte[]>();
        for (var rest = bytes.AsSpan(); rest.Length > 0;)
        {
            var length = ContentChunks.NextLength(rest);
            chunks.Add(rest[..length].ToArray());
            rest = rest[length..];
        }

        return chunks;
    }
}
