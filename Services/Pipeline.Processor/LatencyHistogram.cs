using System.Numerics;

namespace Pipeline.Processor;

/// <summary>
/// Percentiles of the latency over the last minute, from a fixed histogram: buckets grow by an eighth of a power of two, so a
/// percentile is at most 12.5 % too high. Six slices of ten seconds each; the oldest is forgotten as a whole.
/// </summary>
internal sealed class LatencyHistogram(TimeProvider time)
{
    private const int Slices = 6;
    private const int SubBuckets = 8;
    private const int Buckets = 34 * SubBuckets;
    private static readonly TimeSpan SliceLength = TimeSpan.FromSeconds(10);

    private readonly long[][] _slices = [.. Enumerable.Range(0, Slices).Select(_ => new long[Buckets])];
    private readonly long[] _sum = new long[Buckets];
    private int _current;
    private long _sliceStarted = time.GetTimestamp();

    /// <param name="milliseconds">Negative ones, from clocks that differ, count as zero.</param>
    public void Record(long milliseconds) => _slices[_current][BucketOf(milliseconds)]++;

    /// <summary>Median, 95th and 99th percentile in milliseconds; zeroes when nothing was recorded.</summary>
    public (double P50, double P95, double P99) Percentiles()
    {
        Turn();
        Array.Clear(_sum);
        var count = 0L;
        foreach (var slice in _slices)
        {
            for (var i = 0; i < Buckets; i++)
            {
                _sum[i] += slice[i];
                count += slice[i];
            }
        }

        return (Quantile(0.50, count), Quantile(0.95, count), Quantile(0.99, count));
    }

    private static int BucketOf(long milliseconds)
    {
        var value = (ulong)Math.Max(0, milliseconds);
        if (value < SubBuckets)
        {
            return (int)value;
        }

        var exponent = BitOperations.Log2(value);
        var sub = (int)((value >> (exponent - 3)) & (SubBuckets - 1));
        return Math.Min(Buckets - 1, ((exponent - 2) * SubBuckets) + sub);
    }

    private static double UpperBound(int bucket)
    {
        if (bucket < SubBuckets)
        {
            return bucket;
        }

        var exponent = (bucket / SubBuckets) + 2;
        return ((SubBuckets + (bucket % SubBuckets) + 1) * Math.Pow(2, exponent - 3)) - 1;
    }

    private double Quantile(double q, long count)
    {
        var rank = (long)Math.Ceiling(q * count);
        var seen = 0L;
        for (var i = 0; i < Buckets && count > 0; i++)
        {
            seen += _sum[i];
            if (seen >= rank)
            {
                return UpperBound(i);
            }
        }

        return 0;
    }

    private void Turn()
    {
        for (var turns = 0; turns < Slices && time.GetElapsedTime(_sliceStarted) >= SliceLength; turns++)
        {
            _current = (_current + 1) % Slices;
            Array.Clear(_slices[_current]);
            _sliceStarted += (long)(SliceLength.TotalSeconds * time.TimestampFrequency);
        }

        if (time.GetElapsedTime(_sliceStarted) >= SliceLength)
        {
            _sliceStarted = time.GetTimestamp();
        }
    }
}
