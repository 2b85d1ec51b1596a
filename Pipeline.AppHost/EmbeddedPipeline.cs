using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost.Commands;

namespace Pipeline.AppHost;

internal static class EmbeddedPipeline
{
    private static readonly string[] Servers = ["kafka", "schema-registry", "cassandra", "postgres"];

    /// <summary>All services in one process, on embedded storage except for the servers that the configuration names.</summary>
    public static IResourceBuilder<ProjectResource> AddEmbeddedPipeline(this IDistributedApplicationBuilder builder)
    {
        // No proxy before it: the pipeline listens on the port that it says it does, with Aspire as without.
        var pipeline = builder.AddBuiltProject<Projects.Pipeline_Standalone>(EmbeddedConsole.ResourceName)
            .WithHttpEndpoint(port: 5080, isProxied: false)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health")
            .WithDataDirectory()
            .WithPageUrls()
            .WithDagCommands()
            .WithBurstCommand()
            .WithProcessorCommands();
        foreach (var server in Servers.Select(builder.ExternalServer).OfType<IResourceBuilder<IResourceWithConnectionString>>())
        {
            pipeline.WithReference(server);
        }

        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddSingleton<EmbeddedConsole>();
            builder.Services.AddHostedService(services => services.GetRequiredService<EmbeddedConsole>());
        }

        return pipeline.WithPublishedToken(builder.PublishedToken());
    }

    /// <summary>Aspire starts a project in its own directory; the data belong where this command was typed, as without Aspire.</summary>
    public static IResourceBuilder<ProjectResource> WithDataDirectory(this IResourceBuilder<ProjectResource> service)
    {
        var builder = service.ApplicationBuilder;
        return builder.ExecutionContext.IsRunMode
            ? service.WithEnvironment("Data__Directory", Path.GetFullPath(builder.Configuration["Data:Directory"] ?? "data"))
            : service;
    }

    /// <summary>The token of a deployed API, asked for at the deployment; none where the services listen on this machine only.</summary>
    public static IResourceBuilder<ParameterResource>? PublishedToken(this IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsPublishMode ? builder.AddParameter("api-token", secret: true) : null;

    /// <summary>Deployed, a service listens for other machines, and does not start without a token for them.</summary>
    public static IResourceBuilder<ProjectResource> WithPublishedToken(this IResourceBuilder<ProjectResource> service, IResourceBuilder<ParameterResource>? token) =>
        token is null ? service : service.WithEnvironment("Security__Tokens__0__Role", "admin").WithEnvironment("Security__Tokens__0__Value", token);
}
