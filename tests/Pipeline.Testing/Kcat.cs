using System.Diagnostics;
using Xunit;

namespace Pipeline.Testing;

/// <summary>kcat, a Kafka client that nobody here wrote. Where it is not installed the test is skipped.</summary>
public static class Kcat
{
    /// <param name="servers">Brokers, host:port.</param>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string servers, string[] arguments, string input = "")
    {
        var stop = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo("kcat", ["-b", servers, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs kcat");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync(stop);
            var output = process.StandardOutput.ReadToEndAsync(stop);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(stop);
            Assert.True(process.ExitCode == 0, await errors);
            return await output;
        }
    }
}
