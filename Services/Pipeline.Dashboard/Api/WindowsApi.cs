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

    private static Task<Results<Ok<ItemPage<WindowItem>>, ValidationProblem>> ListAsync(
        [AsParameters] WindowParameters parameters, [AsParameters] RangeParameters range, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(
            range,
            reader => new WindowQuery
            {
                Metric = ParameterReader.Text(parameters.Metric, "events"),
                Dimension = ParameterReader.Text(parameters.Dimension, "all"),
                Grain = reader.OneOf("grain", parameters.Grain, [.. WindowGrain.All]),
            },
            store.QueryWindowsAsync,
            ToItem,
            cancellationToken);

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
            a.Mean,
            a.Count > 0 ? a.Min : null,
            a.Count > 0 ? a.Max : null,
            a.StandardDeviation,
            SketchBytes.Distinct(w.Sketches),
            SketchBytes.Quantiles(w.Sketches),
            w.IsFinal,
            w.IsLateUpdate);
    }
}
