using CsCheck;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class MomentsTests
{
    private static readonly Gen<long[]> Numbers = Gen.Long[-2_000_000_000_000, 4_000_000_000_000].Array[0, 50];

    [Fact]
    public void Add_AnyNumbers_EqualsTheDefinition() => Numbers.Sample(numbers =>
    {
        var moments = Of(numbers);
        Assert.Equal(numbers.Length, moments.Count);
        Assert.Equal(numbers.Sum(), moments.Sum);
        Assert.Equal(numbers.Aggregate(UInt128.Zero, (sum, n) => sum + (UInt128)((Int128)n * n)), moments.SumOfSquares);
        Assert.Equal(numbers.Length == 0 ? 0 : numbers.Min(), moments.Min);
        Assert.Equal(numbers.Length == 0 ? 0 : numbers.Max(), moments.Max);
    });

    [Fact]
    public void Merge_AnySplitInAnyOrder_EqualsTheWhole() => Gen.Select(Numbers, Numbers).Sample((left, right) =>
    {
        var whole = Of([.. left, .. right]);
        var merged = Of(left);
        merged.Merge(Of(right));
        var reversed = Of(right);
        reversed.Merge(Of(left));
        Assert.Equal(whole, merged);
        Assert.Equal(whole, reversed);
    });

    private static Moments Of(long[] numbers)
    {
        var moments = default(Moments);
        foreach (var number in numbers)
        {
            moments.Add(number);
        }

        return moments;
    }
}
