using System.Diagnostics;

namespace Pipeline.EndToEnd.Kit;

/// <summary>Runs the program where a script may mount what nobody else sees; skips where the system does not allow that.</summary>
internal static class MountNamespace
{
    private const string Unshare = "/usr/bin/unshare";

    /// <summary>The wrapper of a process that begins with a shell script.</summary>
    public static string[] With(string script)
    {
        Assert.SkipUnless(File.Exists(Unshare), "unshare is not on this machine");
        using var probe = Process.Start(Unshare, ["-rm", "true"]);
        probe.WaitForExit();
        Assert.SkipUnless(probe.ExitCode == 0, "this system does not allow mount namespaces");
        return [Unshare, "-rm", "sh", "-c", $"{script}; exec \"$@\"", "sh"];
    }

    /// <summary>A path as the process in the namespace sees it.</summary>
    public static string Inside(PipelineProcess process, string path) => $"/proc/{process.Id}/root{path}";
}
