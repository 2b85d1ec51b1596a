using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Standalone.Bench;

/// <summary>Wall time, CPU time of all threads, peak memory and allocations of this process between two calls. May be stopped and continued.</summary>
internal sealed class Meter
{
    private readonly Stopwatch _clock = new();
    private TimeSpan _cpu;
    private TimeSpan _cpuAtStart;
    private long _allocated;
    private long _allocatedAtStart;
    private long _written;
    private long _writtenAtStart;

    public TimeSpan Elapsed => _clock.Elapsed;

    public TimeSpan Cpu => _cpu;

    public static Meter StartNew()
    {
        var meter = new Meter();
        meter.Start();
        return meter;
    }

    public static long PeakRssMb()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 >> 20;
    }

    public void Start()
    {
        _allocatedAtStart = GC.GetTotalAllocatedBytes();
        _writtenAtStart = WrittenBytes();
        _cpuAtStart = Environment.CpuUsage.TotalTime;
        _clock.Start();
    }

    public Meter Stop()
    {
        _clock.Stop();
        _cpu += Environment.CpuUsage.TotalTime - _cpuAtStart;
        _allocated += GC.GetTotalAllocatedBytes() - _allocatedAtStart;
        _written += WrittenBytes() - _writtenAtStart;
        return this;
    }

    public Figures Figures(string name, long events) => new()
    {
        ["name"] = name,
        ["events"] = events,
        ["seconds"] = Math.Round(Elapsed.TotalSeconds, 3),
        ["events_per_second"] = Math.Round(events / Elapsed.TotalSeconds),
        ["cpu_us_per_event"] = Math.Round(_cpu.TotalMicroseconds / events, 3),
        ["peak_rss_mb"] = PeakRssMb(),
        ["allocated_bytes_per_event"] = Math.Round(_allocated / (double)events, 2),
        ["written_bytes_per_event"] = Math.Round(_written / (double)events, 1),
    };

    /// <summary>Bytes that the process handed to the operating system's disk cache; 0 where the system does not count them.</summary>
    private static long WrittenBytes()
    {
        const string Counter = "write_bytes: ";
        const string Counters = "/proc/self/io";
        return File.Exists(Counters) && File.ReadLines(Counters).FirstOrDefault(line => line.StartsWith(Counter, StringComparison.Ordinal)) is { } found
            ? long.Parse(found.AsSpan(Counter.Length), CultureInfo.InvariantCulture)
            : 0;
    }
}
