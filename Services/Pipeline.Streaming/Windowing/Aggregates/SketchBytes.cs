namespace Pipeline.Streaming.Windowing.Aggregates;

/// <summary>Answers from the sketches that rows carry; those of several partitions are merged.</summary>
public static class SketchBytes
{
    /// <summary>How many different ids there were; <see langword="null"/> when none of the sketches counts ids.</summary>
    public static long? Distinct(IEnumerable<byte[]> sketches)
    {
        HyperLogLog? distinct = null;
        foreach (var sketch in sketches)
        {
            if (HyperLogLog.IsFormat(sketch))
            {
                (distinct ??= new HyperLogLog()).Merge(sketch);
            }
        }

        return distinct?.Estimate();
    }

    /// <summary>The numbers with how often each came, smallest first; none when none of the sketches has numbers.</summary>
    public static IReadOnlyList<KeyValuePair<long, long>> Counts(IEnumerable<byte[]> sketches) => [.. Merge(sketches)?.Counts() ?? []];

    /// <summary>The quantiles; <see langword="null"/> when none of the sketches has numbers.</summary>
    public static Quantiles? Quantiles(IEnumerable<byte[]> sketches)
        => Merge(sketches) is { IsEmpty: false } numbers ? new Quantiles(numbers.Quantile(0.5), numbers.Quantile(0.9), numbers.Quantile(0.95), numbers.Quantile(0.99)) : null;

    private static QuantileSketch? Merge(IEnumerable<byte[]> sketches)
    {
        QuantileSketch? numbers = null;
        foreach (var sketch in sketches)
        {
            if (QuantileSketch.IsFormat(sketch))
            {
                (numbers ??= new QuantileSketch()).Merge(sketch);
            }
        }

        return numbers;
    }
}

public sealed record Quantiles(long P50, long P90, long P95, long P99);
