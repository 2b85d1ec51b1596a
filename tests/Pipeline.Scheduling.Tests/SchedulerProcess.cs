using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pipeline.Scheduling.Tests;

/// <summary>A scheduler in a process of its own; killed when disposed.</summary>
internal sealed class SchedulerProcess : IDisposable
{
    /// <summary>Whether the scheduler's own times are used, and not shorter ones.</summary>
    public static readonly bool IsReal = Environment.GetEnvironmentVariable("PIPELINE_SCHEDULER_FAULT_REAL") == "1";

    public static readonly TimeSpan Lease = IsReal ? new SchedulingOptions().LeaseDuration : TimeSpan.FromSeconds(2.4);

    /// <summary>What the process's DAG writes to.</summary>
    public const string EffectTables = Pipeline.SchedulerProcess.EffectDag.Tables;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private SchedulerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The last lines that it wrote.</summary>
    public string Output => string.Join('\n', _lines.TakeLast(20));

    /// <summary>Whether it has ended by itself.</summary>
    public bool HasExited => _process.HasExited;

    public static SchedulerProcess Start(SchedulingKit kit)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipeline.SchedulerProcess.dll"));
        foreach (var (key, value) in kit.Settings)
        {
            start.ArgumentList.Add($"--{key}={value}");
        }

        if (IsReal)
        {
            start.ArgumentList.Add("--Slowness=12");
        }
        else
        {
            start.ArgumentList.Add("--Scheduling:HeartbeatInterval=00:00:00.8");
            start.ArgumentList.Add($"--Scheduling:LeaseDuration={Lease}");
            start.ArgumentList.Add("--Scheduling:PollInterval=00:00:00.25");
        }

        start.ArgumentList.Add("--Scheduling:MaxActiveTasks=4");
        return new SchedulerProcess(Process.Start(start)!);
    }

    /// <summary>Stops the process where it stands (SIGSTOP) and lets it go on after a time.</summary>
    public async Task StopForAsync(TimeSpan time)
    {
        Signal("-STOP");
        try
        {
            await Task.Delay(time, TestContext.Current.CancellationToken);
        }
        finally
        {
            Signal("-CONT");
        }
    }

    public void Dispose()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process.Id}"]);
        kill.WaitForExit();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
        {
            _lines.Enqueue(text);
        }
    }
}
