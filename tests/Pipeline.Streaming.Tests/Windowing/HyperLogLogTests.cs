using System.Buffers;
using System.Buffers.Binary;
using CsCheck;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class HyperLogLogTests
{
    // Enough to be dense, with repetitions.
    private static readonly Gen<Guid[]> Ids = Gen.Select(Gen.Int[0, 3], Gen.Int).SelectMany((scale, seed) => Gen.Const(Make(seed, (int)Math.Pow(10, scale + 1))));

    [Fact]
    public void Estimate_Empty_IsZero()
    {
        var sketch = new HyperLogLog();
        Assert.True(sketch.IsEmpty);
        Assert.Equal(0, sketch.Estimate());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(HyperLogLog.MaxSparse)]
    public void Estimate_SparseSets_AreExactUpToACollision(int count)
    {
        var wrong = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var estimate = Of(Distinct(seed, count)).Estimate();
            Assert.InRange(estimate, count - 1, count);
            wrong += estimate == count ? 0 : 1;
        }

        Assert.InRange(wrong, 0, 10);
    }

    // The root mean square of 100 estimates' errors is within 25 % of the stated standard error, and none is off by five of them.
    [Theory]
    [InlineData(1_000)]
    [InlineData(4_000)]
    [InlineData(12_000)]
    [InlineData(60_000)]
    public void Estimate_DenseSets_AreWithinTheStatedError(int count)
    {
        var squares = 0.0;
        for (var seed = 0; seed < 100; seed++)
        {
            var error = (Of(Distinct(seed, count)).Estimate() - count) / (double)count;
            Assert.InRange(error, -5 * HyperLogLog.StandardError, 5 * HyperLogLog.StandardError);
            squares += error * error;
        }

        Assert.InRange(Math.Sqrt(squares / 100), 0, 1.25 * HyperLogLog.StandardError);
    }

    [Fact]
    public void Merge_AnySplitInAnyOrder_HoldsWhatTheWholeHolds() => Gen.Select(Ids, Ids, Ids).Sample(
        (a, b, c) =>
        {
            var whole = Written(Of([.. a, .. b, .. c]));
            Assert.Equal(whole, Written(Merged(Of(a), Of(b), Of(c))));
            Assert.Equal(whole, Written(Merged(Of(c), Merged(Of(b), Of(a)))));
            Assert.Equal(whole, Written(Of([.. c, .. a, .. b, .. a])));
        },
        iter: 60);

    [Fact]
    public void Write_MergedBackAndRestored_HoldsTheSame() => Ids.Sample(
        ids =>
        {
            var sketch = Of(ids);
            var read = new HyperLogLog();
            read.Merge(Written(sketch));
            Assert.Equal(sketch.Estimate(), read.Estimate());
            Assert.Equal(Written(sketch), Written(read));

            var state = new StateWriter();
            sketch.Save(state);
            var restored = Of(Distinct(1, 10));
            var reader = new StateReader(state.Written.Span);
            restored.Restore(ref reader);
            Assert.True(reader.IsAtEnd);
            Assert.Equal(Written(sketch), Written(restored));
        },
        iter: 60);

    [Fact]
    public void Write_Dense_TakesAboutTwoKilobytes() => Assert.InRange(Written(Of(Distinct(1, 50_000))).Length, 2_050, 2_150);

    [Fact]
    public void Merge_AnyBytes_GivesASketchOrAnError() => Gen.Byte.Array[0, 5_000].Sample(
        bytes =>
        {
            var sketch = new HyperLogLog();
            try
            {
                sketch.Merge(bytes);
                Assert.InRange(sketch.Estimate(), 0, long.MaxValue);
            }
            catch (InvalidDataException)
            {
                Assert.False(bytes.Length == 1 && bytes[0] == 1);
            }
        },
        iter: 300);

    private static HyperLogLog Of(IEnumerable<Guid> ids)
    {
        var sketch = new HyperLogLog();
        foreach (var id in ids)
        {
            sketch.Add(id);
        }

        return sketch;
    }

    private static HyperLogLog Merged(HyperLogLog into, params HyperLogLog[] others)
    {
        foreach (var other in others)
        {
            into.Merge(other);
        }

        return into;
    }

    private static byte[] Written(HyperLogLog sketch)
    {
        var bytes = new ArrayBufferWriter<byte>();
        sketch.WriteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static Guid[] Make(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Id(seed, random.Next(count)))];
    }

    private static IEnumerable<Guid> Distinct(int seed, int count) => Enumerable.Range(0, count).Select(i => Id(seed, i));

    // Consecutive numbers, as bad as ids get.
    private static Guid Id(int seed, int number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, seed);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], number);
        return new Guid(bytes);
    }
}
