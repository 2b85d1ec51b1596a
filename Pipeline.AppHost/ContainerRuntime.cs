using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost;

/// <summary>Whether containers can be started here, and by what.</summary>
internal static class ContainerRuntime
{
    private static readonly string[] Known = ["docker", "podman"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>The runtime that answers: the one that Aspire is told to use, or the first that it would find by itself; <see langword="null"/> without one.</summary>
    public static async Task<string?> FindAsync(IConfiguration configuration)
    {
        var told = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        string[] candidates = string.IsNullOrEmpty(told) ? Known : [told];
        // "ps" asks the daemon, which may be stopped where the command is installed.
        var answers = await Task.WhenAll(candidates.Select(runtime => RunAsync(runtime, "ps", "--quiet")));
        return candidates.Zip(answers).FirstOrDefault(candidate => candidate.Second).First;
    }

    /// <summary>Whether the command was carried out.</summary>
    public static async Task<bool> RunAsync(string runtime, params string[] arguments)
    {
        var start = new ProcessStartInfo(runtime, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return false;
            }
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
