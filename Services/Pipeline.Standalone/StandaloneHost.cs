using System.CommandLine;
using System.CommandLine.Invocation;
using Pipeline.Standalone.CommandLine;
using Pipeline.Standalone.Configuration;

namespace Pipeline.Standalone;

/// <summary>The whole pipeline in one process, with its command line.</summary>
public static class StandaloneHost
{
    /// <summary>Runs the command that the arguments name (<c>run</c> when they name none) and returns the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var isVerbose = args.Contains("--verbose") || args.Contains("-v");
        try
        {
            var (command, settings) = ConfigurationArguments.Split(args);
            var parsed = PipelineCommandLine.Create(settings).Parse(command);

            if (parsed.Action is ParseErrorAction complaint)
            {
                complaint.ShowHelp = false;
            }

            // The commands handle Ctrl-C and SIGTERM themselves, without a deadline: draining may take longer than two seconds.
            var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
            return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
        }
        catch (Exception e)
        {
            // The one place where an exception ends: as a sentence and an exit code.
            if (isVerbose)
            {
                await Console.Error.WriteLineAsync(e.ToString());
            }

            return Fault.From(e).Report();
        }
    }
}
