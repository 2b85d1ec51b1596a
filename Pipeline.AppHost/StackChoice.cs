using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost;

internal static class StackChoice
{
    /// <summary>The profile to run, and a line that says why when it is not the full one though nobody asked for less.</summary>
    public static async Task<(StackProfile Profile, string? Remark)> ResolveAsync(this StackOptions options, IDistributedApplicationBuilder builder)
    {
        if (options.Profile != StackProfile.Auto)
        {
            return (options.Profile, null);
        }

        if (builder.ExecutionContext.IsPublishMode)
        {
            // One app is what can be deployed without servers; the full stack is asked for.
            return (StackProfile.Embedded, null);
        }

        if (options.Servers.All(name => builder.IsExternal(name)) || await ContainerRuntime.FindAsync(builder.Configuration) is not null)
        {
            return (StackProfile.Full, null);
        }

        return (StackProfile.Embedded,
            $"No container runtime (Docker, Podman) answers: the services run in one process on embedded storage. With ConnectionStrings for {string.Join(", ", options.Servers)} they run on servers of yours.");
    }

    /// <summary>Whether the configuration has a connection string for this server: then none is started for it.</summary>
    public static bool IsExternal(this IDistributedApplicationBuilder builder, string name) =>
        !string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString(name));

    /// <summary>The server that the configuration names, or <see langword="null"/>.</summary>
    public static IResourceBuilder<IResourceWithConnectionString>? ExternalServer(this IDistributedApplicationBuilder builder, string name) =>
        builder.IsExternal(name) ? builder.AddConnectionString(name) : null;
}
