using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Streaming.RecordLog.Groups;

/// <summary>
/// Names of group members, from which a later member on the same machine can tell that the process of an earlier one is gone: after
/// a kill the partitions need not wait for the lease. Should it ever be wrong, the other one is fenced and joins again.
/// </summary>
internal static class MemberName
{
    private const int Parts = 4;

    // A process id alone is not enough: a restarted container gets the same one.
    private static readonly string ThisStart = Guid.NewGuid().ToString("N")[..8];

    public static string New()
        => string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}/{ThisStart}/{Guid.NewGuid():N}");

    public static bool IsKnownDead(string member)
    {
        var parts = member.Split('/');
        if (parts.Length != Parts || parts[0] != Environment.MachineName || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var processId))
        {
            return false;
        }

        return processId == Environment.ProcessId ? parts[2] != ThisStart : !IsRunning(processId);
    }

    private static bool IsRunning(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It exists, but we may not look at it.
            return true;
        }
    }
}
