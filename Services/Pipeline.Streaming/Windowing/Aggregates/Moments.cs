using System.Runtime.CompilerServices;

namespace Pipeline.Streaming.Windowing.Aggregates;

/// <summary>
/// Count, sum, sum of squares, minimum and maximum of whole numbers. All sums are exact integers, so that the result depends
/// neither on the order of the records nor on how partial results are merged. All zeroes is the empty value.
/// </summary>
public struct Moments
{
    private long _min;
    private long _max;

    public long Count { get; private set; }

    public long Sum { get; private set; }

    public UInt128 SumOfSquares { get; private set; }

    /// <summary>Smallest number; 0 when empty.</summary>
    public readonly long Min => _min;

    /// <summary>Largest number; 0 when empty.</summary>
    public readonly long Max => _max;

    public readonly double Mean => Count == 0 ? 0 : (double)Sum / Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long number)
    {
        if (Count == 0)
        {
            _min = _max = number;
        }
        else if (number < _min)
        {
            _min = number;
        }
        else if (number > _max)
        {
            _max = number;
        }

        Count++;
        Sum += number;
        var magnitude = number < 0 ? 0ul - (ulong)number : (ulong)number;
        SumOfSquares += new UInt128(Math.BigMul(magnitude, magnitude, out var low), low);
    }

    public void Merge(in Moments other)
    {
        if (other.Count == 0)
        {
            return;
        }

        _min = Count == 0 ? other._min : Math.Min(_min, other._min);
        _max = Count == 0 ? other._max : Math.Max(_max, other._max);
        Count += other.Count;
        Sum += other.Sum;
        SumOfSquares += other.SumOfSquares;
    }
}
