namespace Pipeline.AppHost;

internal static class AppHostArguments
{
    private const string OperationOption = "--operation";
    private const string PublisherOption = "--publisher";
    private const string StepOption = "--step";
    private const string ParameterPrefix = "--Parameters:";

    // What the Aspire and Azure command lines pass to an AppHost that they publish or deploy, and what chooses the resources.
    private static readonly string[] AspireOptions = [OperationOption, PublisherOption, StepOption, .. StackOptions.Arguments];

    /// <summary>
    /// Whether the orchestrator is to run. Any other argument is the pipeline's own command line (<c>status</c>, <c>--help</c>,
    /// <c>run --urls …</c>), which is answered by one process on every package feed.
    /// </summary>
    public static bool AreForAspire(string[] args) =>
        args.Length == 0 || args.Any(argument => argument.StartsWith(ParameterPrefix, StringComparison.OrdinalIgnoreCase) || AspireOptions.Any(option => IsOption(argument, option)));

    /// <summary>The arguments with the step that a tool means which asks for the manifest by the publisher's name alone, as <c>azd</c> does; without it images would be built and pushed as well.</summary>
    public static string[] WithManifestStep(string[] args)
    {
        var isManifest = "manifest".Equals(Value(args, PublisherOption), StringComparison.OrdinalIgnoreCase);
        return isManifest && Value(args, StepOption) is null ? [.. args, StepOption, "publish-manifest"] : args;
    }

    /// <summary>Whether files are asked for that only a target writes (<c>aspire publish</c>, <c>aspire deploy</c>); without one, nothing would be written and nothing said.</summary>
    public static bool NeedTarget(string[] args) =>
        "publish".Equals(Value(args, OperationOption), StringComparison.OrdinalIgnoreCase)
        && Value(args, PublisherOption) is null
        && Value(args, StepOption) is null or "publish" or "deploy";

    private static string? Value(string[] args, string option)
    {
        var index = Array.FindIndex(args, argument => IsOption(argument, option));
        return index < 0 ? null
            : args[index].Length > option.Length ? args[index][(option.Length + 1)..]
            : args.ElementAtOrDefault(index + 1);
    }

    private static bool IsOption(string argument, string option) =>
        argument.Equals(option, StringComparison.OrdinalIgnoreCase)
        || argument.StartsWith(option + "=", StringComparison.OrdinalIgnoreCase);
}
