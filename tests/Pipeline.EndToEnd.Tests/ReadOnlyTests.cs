using System.Diagnostics;
using System.Runtime.Versioning;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class ReadOnlyTests
{
    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Everybody = ReadOnly | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private static readonly string[] Busy = ["--Ingest:Interval=1s", "--Ingest:UsersPerRun=500", "--Activity:Enabled=false"];
    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    /// <summary>Which of its files cannot be written first is up to chance when all of it is read-only.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("checkpoints")]
    [InlineData("runs")]
    public async Task DataDirectory_BecomesReadOnlyWhileRunning_EndsWithAClearErrorAndGoesOnAfterwards(string part)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "permissions are another thing there");
        using var directory = new TempDirectory();
        var data = directory.File("data");
        Directory.CreateDirectory(data);
        File.SetUnixFileMode(directory.FullPath, Everybody);
        File.SetUnixFileMode(data, Everybody);
        Status before;
        await using (var pipeline = await PipelineProcess.StartAsync(data, Busy, AsNobody()))
        {
            await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > 0 && Directory.Exists(Path.Combine(data, part)), TimeSpan.FromSeconds(60));
            before = await pipeline.StatusAsync();
            SetModes(Path.Combine(data, part), ReadOnly);

            Assert.NotEqual(0, await pipeline.WaitForExitAsync());
            Assert.Contains("could not be written", pipeline.Errors, StringComparison.Ordinal);
            Assert.Contains(Path.Combine(data, part), pipeline.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", pipeline.Errors, StringComparison.Ordinal);
        }

        SetModes(data, Everybody);
        await using var next = await PipelineProcess.StartAsync(data, Quiet, AsNobody());
        var after = await next.QuietAsync();

        Assert.True(after.Stored >= before.Stored, $"{before} before, {after} after");
        Assert.Equal(after.Ends, after.Consumed);
        Assert.Equal(after.Consumed, after.Stored + after.DeadLettered + after.Late + after.Duplicate);
    }

    /// <summary>Permissions do not bind root.</summary>
    private static string[]? AsNobody()
    {
        const string SetPrivileges = "/usr/bin/setpriv";
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        string[] wrapper = [SetPrivileges, "--reuid=65534", "--regid=65534", "--clear-groups"];
        Assert.SkipUnless(File.Exists(SetPrivileges), "setpriv is not on this machine, and permissions do not bind this user");
        using var probe = Process.Start(new ProcessStartInfo(SetPrivileges, [.. wrapper.Skip(1), "test", "-r", typeof(ReadOnlyTests).Assembly.Location]))!;
        probe.WaitForExit();
        Assert.SkipUnless(probe.ExitCode == 0, "another user cannot read the program here");
        return wrapper;
    }

    private static void SetModes(string directory, UnixFileMode mode)
    {
        // Before its directories are listed: none is made meanwhile that would stay as it is.
        File.SetUnixFileMode(directory, mode);
        foreach (var folder in Directory.GetDirectories(directory))
        {
            SetModes(folder, mode);
        }
    }
}
