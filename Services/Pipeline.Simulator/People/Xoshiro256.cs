using System.Numerics;

namespace Pipeline.Simulator.People;

/// <summary>
/// xoshiro256** 1.0 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c). Written out here because
/// <see cref="Random"/> may change its algorithm with any release, and a seed has to give the same people for ever.
/// </summary>
internal struct Xoshiro256
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>One of many independent streams of a key: the state is the key's four words, each moved by the stream number and mixed by SplitMix64's finalizer.</summary>
    public Xoshiro256(in SeedKey key, ulong stream)
    {
        _s0 = Mix(key.Word0 + (GoldenGamma * ((stream * 4) + 1)));
        _s1 = Mix(key.Word1 + (GoldenGamma * ((stream * 4) + 2)));
        _s2 = Mix(key.Word2 + (GoldenGamma * ((stream * 4) + 3)));
        _s3 = Mix(key.Word3 + (GoldenGamma * ((stream * 4) + 4)));
        if ((_s0 | _s1 | _s2 | _s3) == 0)
        {
            // The one state the generator cannot leave.
            _s0 = GoldenGamma;
        }
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number in [0, <paramref name="count"/>); 0 when the count is 0. One draw always, by the high half of a 128-bit product: its bias is below count / 2^64.</summary>
    public long Below(long count) => (long)Math.BigMul(Next(), (ulong)count, out _);

    /// <summary>A number in [<paramref name="min"/>, <paramref name="max"/>], both ends included.</summary>
    public long Range(long min, long max) => min + Below(max - min + 1);

    public int Range(int min, int max) => (int)Range((long)min, max);

    public T Pick<T>(ReadOnlySpan<T> items) => items[(int)Below(items.Length)];

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
