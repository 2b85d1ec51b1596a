using System.Globalization;
using System.Text.Json;

namespace Pipeline.Standalone.Bench;

/// <summary>End to end with some events and with ten times as many, in a process each: time has to grow tenfold, memory not at all once the horizon of deduplication is full.</summary>
internal static class ScaleBench
{
    private const int Factor = 10;

    public static async Task<Figures> RunAsync(int events, CancellationToken cancellationToken)
    {
        var once = await BenchProcess.RunAsync("embedded", new BenchSettings(events, null, 0, null), likeService: false, [], cancellationToken);
        var tenfold = await BenchProcess.RunAsync("embedded", new BenchSettings(events * Factor, null, 0, null), likeService: false, [], cancellationToken);
        return new Figures
        {
            ["name"] = "scale",
            ["events"] = events * Factor,
            ["seconds"] = tenfold["seconds"],
            ["events_per_second"] = tenfold["events_per_second"],
            ["cpu_us_per_event"] = tenfold["cpu_us_per_event"],
            ["peak_rss_mb"] = tenfold["peak_rss_mb"],
            ["events_once"] = events,
            ["seconds_once"] = once["seconds"],
            ["peak_rss_mb_once"] = once["peak_rss_mb"],
            ["rss_mb_by_tenth"] = tenfold["rss_mb_by_tenth"],
            ["time_factor"] = Math.Round(Number(tenfold["seconds"]) / Number(once["seconds"]), 2),
        };
    }

    private static double Number(object figure) => double.Parse(((JsonElement)figure).GetRawText(), CultureInfo.InvariantCulture);
}
