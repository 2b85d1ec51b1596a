using System.Buffers;
using CsCheck;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class QuantileSketchTests
{
    private const long Largest = 1L << 40;

    // Of every order of magnitude.
    private static readonly Gen<long[]> Numbers = Gen.Select(Gen.Int[0, 39], Gen.Long[0, Largest - 1]).Select((shift, number) => number >> shift).Array[1, 200];

    [Fact]
    public void Quantile_Empty_IsZero() => Assert.Equal(0, new QuantileSketch().Quantile(0.5));

    [Fact]
    public void Quantile_AnyNumbers_IsWithinTheStatedError() => Gen.Select(Numbers, Gen.Double[0, 1]).Sample((numbers, q) =>
    {
        var exact = numbers.Order().ElementAt(Math.Max(1, (int)Math.Ceiling(q * numbers.Length)) - 1);
        var estimate = Of(numbers).Quantile(q);
        Assert.InRange(Math.Abs(estimate - exact), 0, exact * QuantileSketch.RelativeError);
    });

    [Fact]
    public void Quantile_NumbersBelow128_IsExact() => Gen.Select(Gen.Long[0, 127].Array[1, 100], Gen.Double[0, 1]).Sample((numbers, q)
        => Assert.Equal(numbers.Order().ElementAt(Math.Max(1, (int)Math.Ceiling(q * numbers.Length)) - 1), Of(numbers).Quantile(q)));

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(long.MaxValue, Largest)]
    public void Add_NumberOutOfRange_CountsAsTheNearest(long number, long expected)
        => Assert.InRange(Of(number).Quantile(1), expected, (long)(expected * (1 + QuantileSketch.RelativeError)));

    [Fact]
    public void Merge_AnySplitInAnyOrder_HoldsWhatTheWholeHolds() => Gen.Select(Numbers, Numbers, Numbers).Sample((a, b, c) =>
    {
        var whole = Written(Of([.. a, .. b, .. c]));
        Assert.Equal(whole, Written(Merged(Of(a), Of(b), Of(c))));
        Assert.Equal(whole, Written(Merged(Of(c), Merged(Of(b), Of(a)))));
        Assert.Equal(whole, Written(Of([.. c, .. b, .. a])));
    });

    [Fact]
    public void Write_MergedBackAndRestored_HoldsTheSame() => Numbers.Sample(numbers =>
    {
        var sketch = Of(numbers);
        var read = new QuantileSketch();
        read.Merge(Written(sketch));
        Assert.Equal(sketch.Count, read.Count);
        Assert.Equal(Written(sketch), Written(read));

        var state = new StateWriter();
        sketch.Save(state);
        var restored = Of(7);
        var reader = new StateReader(state.Written.Span);
        restored.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(numbers.Length, restored.Count);
        Assert.Equal(Written(sketch), Written(restored));
    });

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 3, 0x80 })]
    [InlineData(new byte[] { 3, 0xff, 0xff, 0xff, 1, 1 })]
    [InlineData(new byte[] { 3, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f })]
    public void Merge_BytesThatAreNoSketch_IsRefused(byte[] bytes)
        => Assert.Throws<InvalidDataException>(() => new QuantileSketch().Merge(bytes));

    [Fact]
    public void Clear_AndUsedAgain_HoldsOnlyTheNewNumbers()
    {
        var sketch = Of(5, 1_000_000);
        sketch.Clear();
        Assert.True(sketch.IsEmpty);
        sketch.Add(7);
        Assert.Equal(Written(Of(7)), Written(sketch));
    }

    private static QuantileSketch Of(params long[] numbers)
    {
        var sketch = new QuantileSketch();
        foreach (var number in numbers)
        {
            sketch.Add(number);
        }

        return sketch;
    }

    private static QuantileSketch Merged(QuantileSketch into, params QuantileSketch[] others)
    {
        foreach (var other in others)
        {
            into.Merge(other);
        }

        return into;
    }

    private static byte[] Written(QuantileSketch sketch)
    {
        var bytes = new ArrayBufferWriter<byte>();
        sketch.WriteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
