namespace Pipeline.AppHost;

internal static class AppHostArguments
{
    private const string PublisherOption = "--publisher";
    private const string StepOption = "--step";
    private const string ParameterPrefix = "--Parameters:";

    // What the Aspire and Azure command lines pass to an AppHost that they publish or deploy, and what chooses the resources.
    private static readonly string[] AspireOptions = ["--operation", PublisherOption, StepOption, .. StackOptions.Arguments];

    /// <summary>
    /// Whether the orchestrator is to run. Any other argument is the pipeline's own command line (<c>status</c>, <c>--help</c>,
    /// <c>run --urls …</c>), which is answered by one process on every package feed.
    /// </summary>
    public static bool AreForAspire(string[] args) =>
        args.Length == 0 || args.Any(argument => argument.StartsWith(ParameterPrefix, StringComparison.OrdinalIgnoreCase) || AspireOptions.Any(option => IsOption(argument, option)));

    /// <summary>The arguments with the step that a tool means which asks for the manifest by the publisher's name alone, as <c>azd</c> does; without it images would be built and pushed as well.</summary>
    public static string[] WithManifestStep(string[] args)
    {
        var publisher = Array.FindIndex(args, argument => IsOption(argument, PublisherOption));
        var isManifest = publisher >= 0 && (args[publisher].EndsWith("=manifest", StringComparison.OrdinalIgnoreCase)
            || (publisher + 1 < args.Length && args[publisher + 1].Equals("manifest", StringComparison.OrdinalIgnoreCase)));
        return isManifest && !args.Any(argument => IsOption(argument, StepOption)) ? [.. args, StepOption, "publish-manifest"] : args;
    }

    private static bool IsOption(string argument, string option) =>
        argument.Equals(option, StringComparison.OrdinalIgnoreCase)
        || argument.StartsWith(option + "=", StringComparison.OrdinalIgnoreCase);
}
