using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>Processes that write to Cassandra until they are killed.</summary>
internal sealed class StoreProcesses(string address, string keyspace, params (string Name, string Value)[] settings) : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<Process> _processes = [];

    public StoreProcess Start(int partition, int batch = 50)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Pipeline.StoreProcess.dll"), _directory.FullPath, TestRows.Topic, $"{partition}", $"{batch}"])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["ConnectionStrings__cassandra"] = address;
        start.Environment["Cassandra__Keyspace"] = keyspace;
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var lines = new ConcurrentQueue<string>();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lines.Enqueue(line.Data);
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        _processes.Add(process);
        return new StoreProcess(process, lines);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        _directory.Dispose();
    }
}

/// <param name="Lines">"claimed EPOCH", then the next offset after each acknowledged batch.</param>
internal sealed record StoreProcess(Process Process, ConcurrentQueue<string> Lines)
{
    public long Acknowledged => Lines.Count > 1 ? long.Parse(Lines.Last(), CultureInfo.InvariantCulture) : 0;

    public async Task KillAsync()
    {
        Process.Kill();
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
