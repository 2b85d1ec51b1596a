namespace Pipeline.AppHost;

internal static class AppHostArguments
{
    // What the Aspire and Azure command lines pass to an AppHost that they publish or deploy.
    private static readonly string[] AspireOptions = ["--operation", "--publisher", "--step"];

    /// <summary>
    /// Whether the orchestrator is to run. Any other argument is the pipeline's own command line (<c>status</c>, <c>--help</c>,
    /// <c>run --urls …</c>), which is answered by one process on every package feed.
    /// </summary>
    public static bool AreForAspire(string[] args) =>
        args.Length == 0 || args.Any(argument => AspireOptions.Any(option => IsOption(argument, option)));

    private static bool IsOption(string argument, string option) =>
        argument.Equals(option, StringComparison.OrdinalIgnoreCase)
        || argument.StartsWith(option + "=", StringComparison.OrdinalIgnoreCase);
}
