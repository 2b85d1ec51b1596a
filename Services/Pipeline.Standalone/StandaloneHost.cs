namespace Pipeline.Standalone;

/// <summary>The whole pipeline in one process, with its command line.</summary>
public static class StandaloneHost
{
    /// <summary>Runs the command that the arguments name (<c>run</c> when they name none) and returns the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        await using var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.RunAsync();
        return 0;
    }
}
