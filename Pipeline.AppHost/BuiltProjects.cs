using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost;

internal static class BuiltProjects
{
    /// <summary>
    /// A project of this repository, started as the program that the build of the AppHost has made of it. Aspire's own way to it is
    /// <c>dotnet run --no-build</c>, which evaluates the project first and takes more CPU time for that than a service for its start.
    /// An IDE, which builds and debugs, and <c>dotnet watch</c> start it in their own way.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AddBuiltProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
    {
        var project = builder.AddProject<TProject>(name);
        var isStartedByAnother = builder.Configuration["DEBUG_SESSION_PORT"] is { Length: > 0 } || builder.Configuration.GetValue<bool>("DOTNET_WATCH");
        var projectPath = new TProject().ProjectPath;
        var program = ProgramOf(projectPath);
        return builder.ExecutionContext.IsRunMode && !isStartedByAnother && File.Exists(program)
            ? project.WithAnnotation(new ExecutableAnnotation { Command = "dotnet", WorkingDirectory = Path.GetDirectoryName(projectPath)! }).WithArgs(program)
            : project;
    }

    // Each project has a folder under artifacts/bin, and in it one for the configuration. What was built to another place is left to Aspire.
    private static string ProgramOf(string projectPath)
    {
        var name = Path.GetFileNameWithoutExtension(projectPath);
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", name, configuration, $"{name}.dll"));
    }
}
