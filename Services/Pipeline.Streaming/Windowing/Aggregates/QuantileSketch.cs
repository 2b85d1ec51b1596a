using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing.Aggregates;

/// <summary>
/// Quantiles of whole numbers from 0 to 2⁴⁰ in bounded memory; smaller ones count as 0, larger ones as 2⁴⁰. A quantile is off by
/// 1 ÷ 128 of its value at most (<see cref="RelativeError"/>), and exact below 128. What it holds depends only on the numbers, neither on their order
/// nor on how partial results were merged. Not thread-safe.
/// </summary>
/// <remarks>
/// A DDSketch (Masson, Rim, Lee 2019, <see href="https://arxiv.org/abs/1908.10693"/>) whose buckets are 64 equal parts of each power of two instead of
/// powers of γ: the same guarantee, with integer arithmetic only, and so the same on every machine.
/// </remarks>
public sealed class QuantileSketch : ISketch<QuantileSketch>
{
    /// <summary>Largest relative error of a quantile.</summary>
    public const double RelativeError = 1.0 / 128;

    private const int SubBits = 6;
    private const int Parts = 1 << SubBits;
    private const int MaxExponent = 40;
    private const int Buckets = ((MaxExponent - SubBits + 1) * Parts) + 1;
    private const int Chunk = 32;
    private const byte Format = 3;

    // Counts of the buckets from _first on.
    private long[] _counts = [];
    private int _first;

    public long Count { get; private set; }

    public bool IsEmpty => Count == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long number)
    {
        var at = BucketOf(number) - _first;
        if ((uint)at >= (uint)_counts.Length)
        {
            at = Cover(at + _first) - _first;
        }

        _counts[at]++;
        Count++;
    }

    public void Merge(QuantileSketch other)
    {
        for (var i = 0; i < other._counts.Length; i++)
        {
            if (other._counts[i] > 0)
            {
                Add(other._first + i, other._counts[i]);
            }
        }
    }

    /// <summary>The number of which a share of <paramref name="q"/> (0 to 1) are not larger: rank ⌈q · count⌉, the first at least; 0 when empty.</summary>
    public long Quantile(double q)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(q * Count));
        var seen = 0L;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return MiddleOf(_first + i);
            }
        }

        return 0;
    }

    /// <summary>The numbers, smallest first, with how often each was added; exact below 128 as the quantiles are.</summary>
    public IEnumerable<KeyValuePair<long, long>> Counts()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
            {
                yield return KeyValuePair.Create(MiddleOf(_first + i), _counts[i]);
            }
        }
    }

    /// <summary>Forgets everything and keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>Writes what it holds; equal numbers write equal bytes.</summary>
    /// <remarks>Format: byte 3, the first bucket that is not empty, then the count of each bucket from there to the last one that is not; base-128 numbers.</remarks>
    public void WriteTo(IBufferWriter<byte> target)
    {
        var from = Array.FindIndex(_counts, c => c > 0);
        var to = Array.FindLastIndex(_counts, c => c > 0);
        var bytes = new VarintWriter(target.GetSpan(1 + VarintWriter.MaxLength + (from < 0 ? 0 : (to - from + 1) * VarintWriter.MaxLength)));
        bytes.Byte(Format);
        if (from >= 0)
        {
            bytes.Number((ulong)(_first + from));
            for (var i = from; i <= to; i++)
            {
                bytes.Number((ulong)_counts[i]);
            }
        }

        target.Advance(bytes.Length);
    }

    /// <summary>Whether bytes were written by <see cref="WriteTo"/>.</summary>
    public static bool IsFormat(ReadOnlySpan<byte> bytes) => !bytes.IsEmpty && bytes[0] == Format;

    /// <summary>Adds everything that was written by <see cref="WriteTo"/>.</summary>
    /// <exception cref="InvalidDataException">It was not.</exception>
    public void Merge(ReadOnlySpan<byte> bytes)
    {
        if (!IsFormat(bytes))
        {
            throw new InvalidDataException("The bytes are no sketch of quantiles.");
        }

        var reader = new VarintReader(bytes[1..]);
        if (reader.IsAtEnd)
        {
            return;
        }

        for (var bucket = reader.Number(); !reader.IsAtEnd; bucket++)
        {
            var count = reader.Number();
            if (bucket >= Buckets || count > long.MaxValue)
            {
                throw new InvalidDataException("The sketch of quantiles is damaged.");
            }

            if (count > 0)
            {
                Add((int)bucket, (long)count);
            }
        }
    }

    public void Save(StateWriter writer)
    {
        writer.Write(_first);
        writer.WriteArray<long>(_counts);
    }

    public void Restore(ref StateReader reader)
    {
        _first = reader.Read<int>();
        _counts = new long[reader.ReadCount()];
        reader.ReadItems(_counts.AsSpan());
        Count = _counts.Sum();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BucketOf(long number)
    {
        if (number < Parts)
        {
            return (int)Math.Max(0, number);
        }

        var exponent = BitOperations.Log2((ulong)number);
        return exponent >= MaxExponent ? Buckets - 1 : ((exponent - SubBits + 1) << SubBits) + (int)((number >> (exponent - SubBits)) & (Parts - 1));
    }

    private static long MiddleOf(int bucket)
    {
        if (bucket < Parts)
        {
            return bucket;
        }

        var shift = (bucket >> SubBits) - 1;
        return ((long)(Parts + (bucket & (Parts - 1))) << shift) + ((1L << shift) >> 1);
    }

    private void Add(int bucket, long count)
    {
        var at = bucket - _first;
        if ((uint)at >= (uint)_counts.Length)
        {
            at = Cover(bucket) - _first;
        }

        _counts[at] += count;
        Count += count;
    }

    /// <summary>Makes room for a bucket.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Cover(int bucket)
    {
        var from = bucket / Chunk * Chunk;
        var to = from + Chunk;
        if (_counts.Length > 0)
        {
            from = Math.Min(from, _first);
            to = Math.Max(to, _first + _counts.Length);
        }

        var larger = new long[to - from];
        _counts.CopyTo(larger, _counts.Length == 0 ? 0 : _first - from);
        (_counts, _first) = (larger, from);
        return bucket;
    }
}
