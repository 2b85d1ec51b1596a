using System.Globalization;
using System.Text;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Processor;

/// <summary>Everything that the processor has stored, as text in one order: outcomes, windows, sessions.</summary>
internal static class StoredText
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<string> OfAsync(ProcessorHost host)
    {
        var text = new StringBuilder();
        foreach (var progress in (await host.Store.GetProgressAsync(Token)).Where(p => p.Consumed > 0).OrderBy(p => p.Partition))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{progress.NextOffset} {progress.Consumed} {progress.Stored} {progress.DeadLettered} {progress.Late} {progress.Duplicate}");
        }

        foreach (var offset in (await AllAsync(c => host.Store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = c }, Token))).Select(e => e.Offset).Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"{offset} ");
        }

        text.AppendLine();
        foreach (var offset in (await AllAsync(c => host.Store.QueryLateAsync(new RangeQuery { Limit = 1000, Cursor = c }, Token))).Select(l => l.Offset).Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"{offset} ");
        }

        text.AppendLine();
        foreach (var offset in (await AllAsync(c => host.Store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = 1000, Cursor = c }, Token))).Select(l => l.Offset).Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"{offset} ");
        }

        text.AppendLine();
        foreach (var grain in WindowGrain.All)
        {
            var users = (await WindowsAsync(host, "users", grain)).ToDictionary(w => (w.WindowStart, w.Value), w => w.Aggregate.Count);
            foreach (var w in (await WindowsAsync(host, "events", grain)).OrderBy(w => w.WindowStart).ThenBy(w => w.Value, StringComparer.Ordinal))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{grain} {w.WindowStart} {w.Value} {w.Aggregate.Count} {users[(w.WindowStart, w.Value)]}");
            }
        }

        foreach (var s in (await AllAsync(c => host.Store.QuerySessionsAsync(new SessionQuery { Limit = 1000, Cursor = c }, Token)))
            .OrderBy(s => s.UserId).ThenBy(s => s.Start))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{s.UserId} {s.Start} {s.End} {s.Events} {s.IsClosed}");
        }

        return text.ToString();
    }

    private static Task<List<WindowResult>> WindowsAsync(ProcessorHost host, string metric, string grain)
        => AllAsync(c => host.Store.QueryWindowsAsync(new WindowQuery { Metric = metric, Dimension = "event_type", Grain = grain, Limit = 1000, Cursor = c }, Token));

    private static async Task<List<T>> AllAsync<T>(Func<string?, ValueTask<Page<T>>> query)
    {
        var items = new List<T>();
        string? cursor = null;
        do
        {
            var page = await query(cursor);
            items.AddRange(page.Items);
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return items;
    }
}
