using System.Globalization;

namespace Pipeline.Benchmarks.Cassandra;

/// <summary>Processor time that the whole machine spent since it started (Linux), and of this process.</summary>
internal readonly record struct BoxCpu(TimeSpan Machine, TimeSpan Process)
{
    private const double TicksPerSecond = 100;

    public static BoxCpu Now()
    {
        // user nice system idle iowait irq softirq steal …
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(f => double.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return new BoxCpu(TimeSpan.FromSeconds((fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / TicksPerSecond), Environment.CpuUsage.TotalTime);
    }
}
