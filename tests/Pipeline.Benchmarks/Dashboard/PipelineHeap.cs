using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;

namespace Pipeline.Benchmarks.Dashboard;

/// <summary>What a running pipeline still needs of its heap.</summary>
internal static class PipelineHeap
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const string HeapSize = "dotnet_gc_last_collection_heap_size_bytes";

    /// <summary>Listening with this keyword makes the runtime collect its whole heap first.</summary>
    private const long CollectKeyword = 0x800000;

    /// <summary>Has the process collect its heap and returns what was left, in MiB.</summary>
    public static async Task<double?> CollectAsync(int pid, HttpClient http, Uri site)
    {
        using (var session = new DiagnosticsClient(pid).StartEventPipeSession(new EventPipeProvider(Runtime, EventLevel.Informational, CollectKeyword), requestRundown: false))
        {
            var draining = session.EventStream.CopyToAsync(Stream.Null);
            await session.StopAsync(CancellationToken.None);
            await draining;
        }

        var lines = (await http.GetStringAsync(new Uri(site, "/metrics"))).Split('\n').Where(line => line.StartsWith(HeapSize, StringComparison.Ordinal)).ToArray();
        return lines.Length == 0 ? null : lines.Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)) / (1024 * 1024);
    }
}
