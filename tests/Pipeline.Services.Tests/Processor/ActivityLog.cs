using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;

namespace Pipeline.Services.Tests.Processor;

/// <summary>A log of activity with everything that happens to one, and what the processor has to make of it, by definition.</summary>
internal static class ActivityLog
{
    private const long Minute = 60_000;
    private const long OutOfOrderness = 5_000;
    private const long Lateness = 60_000;
    private const long Gap = 30 * Minute;

    private static readonly EventType[] Types = [EventType.Login, EventType.View, EventType.Update, EventType.Logout];

    public static IReadOnlyList<(byte[] Value, long Timestamp)> Make(int seed, int events, int firstUser = 0)
    {
        var random = new Random(seed);
        var log = new List<(byte[] Value, long Timestamp)>();
        var clock = ProcessorHost.Noon;
        for (var i = 0; i < events; i++)
        {
            // Now and then an hour passes, so that sessions close.
            clock += i % 400 == 399 ? 70 * Minute : random.Next(0, 3_000);
            var kind = random.Next(100);
            var time = clock - kind switch
            {
                < 5 => random.Next(120_000, 600_000),
                < 20 => random.Next(0, 90_000),
                _ => 0,
            };
            log.Add(kind switch
            {
                97 => (Encoding.UTF8.GetBytes("{\"event_id\":"), clock),
                98 when i > 0 => (log[^1].Value, clock),
                99 => (ProcessorHost.Activity((firstUser * 1000) + i, firstUser + (i % 12), clock + 86_400_000, EventType.View), clock),
                _ => (ProcessorHost.Activity((firstUser * 1000) + i, firstUser + random.Next(12), time, Types[random.Next(4)]), clock),
            });
        }

        return log;
    }

    public static string Expect(IReadOnlyList<(byte[] Value, long Timestamp)> log)
    {
        var newest = long.MinValue;
        var seen = new HashSet<Guid>();
        var stored = new List<(int Offset, Guid User, string Type, long Time)>();
        List<int> late = [], dead = [];
        var duplicates = 0;
        for (var offset = 0; offset < log.Count; offset++)
        {
            if (!TryRead(log[offset].Value, out var id, out var user, out var type, out var time))
            {
                dead.Add(offset);
                continue;
            }

            newest = time - log[offset].Timestamp <= 5 * Minute ? Math.Max(newest, time) : newest;
            if (!seen.Add(id))
            {
                duplicates++;
            }
            else if ((time / Minute * Minute) + Minute + Lateness <= WatermarkAt(newest))
            {
                late.Add(offset);
            }
            else
            {
                stored.Add((offset, user, type, time));
            }
        }

        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{log.Count} {log.Count} {stored.Count} {dead.Count} {late.Count} {duplicates}");
        foreach (var list in new[] { stored.Select(s => s.Offset), late, dead })
        {
            text.AppendLine(string.Concat(list.Select(o => $"{o} ")));
        }

        foreach (var (grain, size, advance) in new[] { ("minute", Minute, Minute), ("hour", 60 * Minute, 60 * Minute), ("rolling_5m", 5 * Minute, Minute) })
        {
            var windows = stored.SelectMany(s => StartsOf(s.Time, size, advance).Select(start => (Start: start, s.Type, s.User)));

            // Windows that overlap are not written before they are complete.
            foreach (var group in windows.Where(w => size == advance || w.Start + size <= WatermarkAt(newest))
                .GroupBy(w => (w.Start, w.Type)).OrderBy(g => g.Key.Start).ThenBy(g => g.Key.Type, StringComparer.Ordinal))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{grain} {group.Key.Start} {group.Key.Type} {group.Count()} {group.Select(w => w.User).Distinct().Count()}");
            }
        }

        AppendSessions(text, stored.Select(s => (s.User, s.Time)), WatermarkAt(newest));
        return text.ToString();
    }

    private static IEnumerable<long> StartsOf(long time, long size, long advance)
    {
        for (var start = time / advance * advance; start > time - size; start -= advance)
        {
            yield return start;
        }
    }

    private static long WatermarkAt(long newest) => newest == long.MinValue ? long.MinValue : newest - OutOfOrderness;

    private static void AppendSessions(StringBuilder text, IEnumerable<(Guid User, long Time)> events, long watermark)
    {
        foreach (var user in events.GroupBy(e => e.User).OrderBy(g => g.Key))
        {
            var times = user.Select(e => e.Time).Order().ToList();
            for (int first = 0, i = 1; i <= times.Count; i++)
            {
                if (i == times.Count || times[i] - times[i - 1] > Gap)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"{user.Key} {times[first]} {times[i - 1]} {i - first} {times[i - 1] + Gap < watermark}");
                    first = i;
                }
            }
        }
    }

    private static bool TryRead(byte[] value, out Guid id, out Guid user, out string type, out long time)
    {
        (id, user, type, time) = (default, default, "", 0);
        try
        {
            using var json = JsonDocument.Parse(value);
            id = json.RootElement.GetProperty("event_id").GetGuid();
            user = json.RootElement.GetProperty("user_id").GetGuid();
            type = json.RootElement.GetProperty("event_type").GetString()!;
            time = json.RootElement.GetProperty("event_time").GetDateTimeOffset().ToUnixTimeMilliseconds();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
