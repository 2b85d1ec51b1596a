using System.Globalization;

namespace Pipeline.Standalone.Bench;

/// <summary>CPU time of everything that runs on this machine, where it tells (Linux); zero elsewhere.</summary>
internal static class BoxCpu
{
    private const int TicksPerSecond = 100;

    // cpu user nice system idle iowait irq softirq …: all but waiting.
    private static readonly int[] Working = [1, 2, 3, 6, 7];

    public static TimeSpan Now()
    {
        const string File = "/proc/stat";
        if (!System.IO.File.Exists(File))
        {
            return TimeSpan.Zero;
        }

        var fields = System.IO.File.ReadLines(File).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var ticks = Working.Sum(i => long.Parse(fields[i], CultureInfo.InvariantCulture));
        return TimeSpan.FromSeconds(ticks / (double)TicksPerSecond);
    }
}
