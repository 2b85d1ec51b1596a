using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Storage;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Dashboard.Api;

internal static class WindowsApi
{
    public static void MapWindows(this IEndpointRouteBuilder api) => api.MapGet("/windows", ListAsync)
        .WithName("ListWindows")
        .WithTags("Analytics")
        .WithSummary("Windowed metrics, oldest first")
        .WithDescription("Aggregates of one metric (`events`, `users`, `latency`, `age`) over windows of event time, grouped by one dimension and merged over "
            + "the source partitions. The grain `rolling_5m` is the last five minutes, every minute.");

    private static async Task<Results<Ok<ItemPage<WindowItem>>, ValidationProblem>> ListAsync(
        [AsParameters] WindowParameters parameters, IResultStore store, CancellationToken cancellationToken)
    {
        var reader = new ParameterReader();
        var (from, to) = reader.Range(parameters);
        var query = new WindowQuery
        {
            From = from,
            To = to,
            Limit = reader.Limit(parameters),
            Cursor = ParameterReader.Cursor(parameters),
            Metric = ParameterReader.Text(parameters.Metric, "events"),
            Dimension = ParameterReader.Text(parameters.Dimension, "all"),
            Grain = reader.OneOf("grain", parameters.Grain, [.. WindowGrain.All]),
        };
        if (reader.HasErrors(out var problem))
        {
            return problem;
        }

        var page = await store.QueryWindowsAsync(query, cancellationToken);
        return TypedResults.Ok(page.Select(ToItem));
    }

    private static WindowItem ToItem(WindowResult w)
    {
        var a = w.Aggregate;
        return new WindowItem(
            w.Metric,
            w.Dimension,
            w.Value,
            w.Grain,
            UtcTime.FromUnixMs(w.WindowStart),
            UtcTime.FromUnixMs(w.WindowStart + (long)WindowGrain.LengthOf(w.Grain).TotalMilliseconds),
            a.Count,
            a.Sum,
            a.Count > 0 ? a.Sum / a.Count : null,
            a.Count > 0 ? a.Min : null,
            a.Count > 0 ? a.Max : null,
            StandardDeviation(a),
            DistinctOf(w.Sketches),
            QuantilesOf(w.Sketches),
            w.IsFinal,
            w.IsLateUpdate);
    }

    private static long? DistinctOf(IReadOnlyList<byte[]> sketches)
    {
        var distinct = new HyperLogLog();
        foreach (var sketch in sketches.Where(s => HyperLogLog.IsFormat(s)))
        {
            distinct.Merge(sketch);
        }

        return distinct.IsEmpty ? null : distinct.Estimate();
    }

    private static Quantiles? QuantilesOf(IReadOnlyList<byte[]> sketches)
    {
        var numbers = new QuantileSketch();
        foreach (var sketch in sketches.Where(s => QuantileSketch.IsFormat(s)))
        {
            numbers.Merge(sketch);
        }

        return numbers.IsEmpty ? null : new Quantiles(numbers.Quantile(0.5), numbers.Quantile(0.9), numbers.Quantile(0.95), numbers.Quantile(0.99));
    }

    // Of the population. Rounding can make the difference a hair negative when all values are equal.
    private static double? StandardDeviation(in Aggregate a)
        => a.Count == 0 ? null : Math.Sqrt(Math.Max(0, (a.SumOfSquares / a.Count) - (a.Sum / a.Count * (a.Sum / a.Count))));
}
