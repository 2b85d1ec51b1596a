using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// Real servers that a fault test may kill, because nobody else uses them: a set of its own, started by the control script that
/// <c>PIPELINE_TEST_SERVERS</c> names. Without the script the test is skipped.
/// </summary>
public sealed class OwnServers : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly string _script;
    private readonly TempDirectory _home = new();
    private readonly int _basePort = FreePorts.First(60);

    private OwnServers(string script) => _script = script;

    /// <summary>Starts a server by its name, which may bring others (<c>kafka</c> brings ZooKeeper); returns when it answers. <see cref="UpAsync"/> adds more.</summary>
    /// <param name="settings">Further environment of the script, such as <c>SERVERS_CASSANDRA_HEAP</c>.</param>
    public static async Task<OwnServers> StartAsync(string name, params (string Name, string Value)[] settings)
    {
        var script = Environment.GetEnvironmentVariable("PIPELINE_TEST_SERVERS") ?? "";
        Assert.SkipWhen(script.Length == 0, "needs a script that controls servers: set PIPELINE_TEST_SERVERS");
        var servers = new OwnServers(script);
        servers.Settings.AddRange(settings);
        await servers.RunAsync("up", name);
        return servers;
    }

    /// <summary>Further environment of the script, for what it starts from now on.</summary>
    public List<(string Name, string Value)> Settings { get; } = [];

    /// <summary>The address of a server, as the script gives it.</summary>
    public async Task<string> AddressAsync(string name)
    {
        var prefix = $"PIPELINE_TEST_{name.ToUpperInvariant().Replace('-', '_')}=";
        return (await RunAsync("env")).Split('\n').First(line => line.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length..];
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(string name) => RunAsync("kill", name);

    /// <summary>Starts a server again on the data it had. ZooKeeper refuses a broker that was killed until its session is over (6 s): it is started again until then.</summary>
    public async Task UpAsync(string name)
    {
        for (var limit = Stopwatch.StartNew(); ;)
        {
            var (code, _, errors) = await TryRunAsync("up", name);
            if (code == 0)
            {
                return;
            }

            Assert.True(errors.Contains("KeeperErrorCode = NodeExists", StringComparison.Ordinal) && limit.Elapsed < Patience, $"up {name}: {errors}");
        }
    }

    /// <summary>SIGSTOP: the server keeps its connections and answers nothing.</summary>
    public Task PauseAsync(string name) => RunAsync("pause", name);

    public Task ResumeAsync(string name) => RunAsync("resume", name);

    /// <summary>Stopped in order, and started again.</summary>
    public Task RestartAsync(string name) => RunAsync("restart", name);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("wipe");
        _home.Dispose();
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, errors) = await TryRunAsync(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {errors}");
        return output;
    }

    private async Task<(int Code, string Output, string Errors)> TryRunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(_script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SERVERS_HOME"] = _home.File("servers");
        start.Environment["SERVERS_PORT_BASE"] = _basePort.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in Settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await errors);
    }
}
