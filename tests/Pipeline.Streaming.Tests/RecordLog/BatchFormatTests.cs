using System.Text;
using CsCheck;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public sealed class BatchFormatTests
{
    private static readonly Gen<(string? Key, string? Value)[]> SomeRecords = Gen.Select(Gen.String.Null(), Gen.String.Null(), (k, v) => (k, v)).Array[1, 20];

    [Fact]
    public void Assemble_FromAnyOffsetWithAnyLimit_GivesThoseRecords()
        => Gen.Select(SomeRecords, SomeRecords, Gen.Int[0, 40], Gen.Int[1, 40]).Sample((first, second, from, limit) =>
        {
            var all = first.Concat(second).ToList();
            from %= all.Count;
            var assembler = new BatchAssembler(new TopicPartition("t", 0), 100 + from, limit, int.MaxValue);
            foreach (var (stored, baseOffset) in new[] { (Encode(first, 100), 100L), (Encode(second, 100 + first.Length), 100L + first.Length) })
            {
                if (assembler.Next < baseOffset + (baseOffset == 100 ? first.Length : second.Length) && !assembler.IsFull)
                {
                    Assert.True(assembler.TryAdd(stored, baseOffset));
                }
            }

            using var batch = assembler.Build(1000);

            Assert.Equal(all.Skip(from).Take(limit).Select(r => Utf8(r.Key)), batch.Keys());
            Assert.Equal(all.Skip(from).Take(limit).Select(r => Utf8(r.Value)), batch.Values());
            Assert.Equal(100 + from, batch.Offset(0));
            Assert.Equal(100 + from + batch.Count, batch.NextOffset);
        });

    [Fact]
    public void Assemble_AnyBitIsFlipped_IsNoticed()
        => Gen.Select(SomeRecords, Gen.Int[0, int.MaxValue]).Sample((records, where) =>
        {
            var stored = Encode(records, 5);
            var bit = where % (stored.Length * 8);
            stored[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.False(BatchFormat.TryRead(stored, 5, out _, out _, out _));
        });

    [Fact]
    public void Assemble_AnyLengthIsCutOff_IsNoticed()
    {
        var stored = Encode([("k", "v"), ("k2", "v2")], 5);

        for (var length = 0; length < stored.Length; length++)
        {
            Assert.False(BatchFormat.TryRead(stored.AsSpan(0, length), 5, out _, out _, out _));
        }
    }

    [Fact]
    public void Assemble_StoredUnderAnotherOffset_IsNoticed()
        => Assert.False(BatchFormat.TryRead(Encode([("k", "v")], 5), 6, out _, out _, out _));

    private static byte[] Encode((string? Key, string? Value)[] records, long baseOffset)
    {
        using var builder = Records.Of(records);
        var encoder = new BatchEncoder();
        foreach (var slices in builder.Slices)
        {
            encoder.Add(slices, builder.Bytes.Slice(slices.Start, Math.Max(0, slices.KeyLength) + Math.Max(0, slices.ValueLength) + slices.HeadersLength));
        }

        return encoder.Finish(baseOffset).ToArray();
    }

    /// <summary>Random strings hold halves of surrogate pairs, which UTF-8 replaces.</summary>
    private static string? Utf8(string? text) => text is null ? null : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
