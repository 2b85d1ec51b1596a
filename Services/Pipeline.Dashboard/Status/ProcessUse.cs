using System.Globalization;

namespace Pipeline.Dashboard.Status;

/// <param name="Cores">CPU that the process used, in cores: 1 is one core the whole time.</param>
/// <param name="ReadPerSecond">Bytes from the disk; null where the system does not tell.</param>
/// <param name="WrittenPerSecond">Bytes to the disk; null where the system does not tell.</param>
internal readonly record struct Use(double Cores, double? ReadPerSecond, double? WrittenPerSecond);

/// <summary>What this process uses of its machine, between one look and the next. Safe for concurrent use.</summary>
internal sealed class ProcessUse(TimeProvider clock)
{
    private const string IoFile = "/proc/self/io";

    private readonly Lock _gate = new();
    private (TimeSpan At, TimeSpan Cpu, long? Read, long? Written)? _last;

    public Use Measure()
    {
        lock (_gate)
        {
            var (read, written) = Io();
            var now = (At: clock.GetElapsedTime(0), Cpu: Environment.CpuUsage.TotalTime, Read: read, Written: written);
            var before = _last;
            _last = now;
            if (before is not { } last || (now.At - last.At).TotalSeconds is not (> 0 and var seconds))
            {
                return new Use(0, null, null);
            }

            return new Use((now.Cpu - last.Cpu).TotalSeconds / seconds, (now.Read - last.Read) / seconds, (now.Written - last.Written) / seconds);
        }
    }

    private static (long? Read, long? Written) Io()
    {
        try
        {
            var lines = File.ReadAllLines(IoFile);
            return (Value("read_bytes: "), Value("write_bytes: "));

            long? Value(string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
                && long.TryParse(line.AsSpan(name.Length), CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, null);
        }
    }
}
