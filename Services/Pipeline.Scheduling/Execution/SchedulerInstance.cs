using System.Diagnostics;

namespace Pipeline.Scheduling.Execution;

/// <summary>One running scheduler, as the <c>job</c> table knows it.</summary>
internal sealed record SchedulerInstance(string Id, string Hostname, int Pid, long ProcessStart)
{
    // The operating system rounds the start of a process differently from call to call.
    private const long StartTolerance = 1500;

    public static SchedulerInstance ForThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        return new(Guid.NewGuid().ToString(), Environment.MachineName, process.Id, StartOf(process));
    }

    /// <summary>
    /// Whether its process is certainly gone: it ran on this machine, and nobody has its pid, or somebody who started at another time.
    /// Of a process on another machine nothing is known; its lease has to run out.
    /// </summary>
    public bool IsKnownDead()
    {
        if (Hostname != Environment.MachineName)
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(Pid);
            return !process.HasExited && Math.Abs(StartOf(process) - ProcessStart) > StartTolerance;
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It exited while we looked, or may not be looked at: not certain, so the lease decides.
            return false;
        }
    }

    private static long StartOf(Process process) => new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds();
}
