namespace Pipeline.Streaming.Windowing.Aggregates;

/// <summary>How many different hashes the registers of a HyperLogLog have seen: the estimator of Ertl (<see href="https://arxiv.org/abs/1702.01284"/>).</summary>
internal static class HyperLogLogEstimator
{
    /// <param name="registers">A power of two of them.</param>
    /// <param name="longest">Bits of a hash that a rank is counted in; a register holds this and one more at most.</param>
    public static long Estimate(ReadOnlySpan<byte> registers, int longest)
    {
        Span<int> counts = stackalloc int[longest + 2];
        counts.Clear();
        foreach (var register in registers)
        {
            counts[register]++;
        }

        double all = registers.Length;
        var z = all * Tau(1 - (counts[longest + 1] / all));
        for (var rank = longest; rank >= 1; rank--)
        {
            z = 0.5 * (z + counts[rank]);
        }

        z += all * Sigma(counts[0] / all);
        return (long)Math.Round(all / (2 * Math.Log(2)) * all / z);
    }

    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }

        var (y, z, before) = (1.0, x, 0.0);
        while (z != before)
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        }

        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }

        var (y, z, before) = (1.0, 1 - x, 0.0);
        while (z != before)
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }

        return z / 3;
    }
}
