using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost.Commands;

/// <summary>Ends a resource as a crash would; "Start" brings it back. What it knew and had not written down is lost, and nothing else may be.</summary>
internal static class KillCommand
{
    private const string ProcessIdProperty = "executable.pid";
    private const string ContainerIdProperty = "container.id";

    public static IResourceBuilder<T> WithKillCommand<T>(this IResourceBuilder<T> builder) where T : IResource =>
        builder.WithCommand("kill", "Kill", context => KillAsync(builder.Resource, context), new CommandOptions
        {
            Description = "Ends it without warning (SIGKILL), to see the pipeline recover.",
            ConfirmationMessage = $"Kill {builder.Resource.Name} without warning?",
            IconName = "Skull",
            UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
        });

    private static async Task<ExecuteCommandResult> KillAsync(IResource resource, ExecuteCommandContext context)
    {
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        if (!notifications.TryGetCurrentState(context.ResourceName, out var current))
        {
            return CommandResults.Failure($"{resource.Name} is not there.");
        }

        if (Property(current.Snapshot, ContainerIdProperty) is { } container)
        {
            var runtime = await ContainerRuntime.FindAsync(context.Services.GetRequiredService<IConfiguration>());
            return runtime is not null && await ContainerRuntime.RunAsync(runtime, "kill", container)
                ? CommandResults.Success()
                : CommandResults.Failure($"The container runtime did not kill {resource.Name}.");
        }

        if (!int.TryParse(Property(current.Snapshot, ProcessIdProperty), CultureInfo.InvariantCulture, out var id))
        {
            return CommandResults.Failure($"{resource.Name} does not run.");
        }

        try
        {
            // The process that the orchestrator started, and the service that this one started.
            using var process = Process.GetProcessById(id);
            process.Kill(entireProcessTree: true);
            return CommandResults.Success();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return CommandResults.Failure(e.Message);
        }
    }

    private static string? Property(CustomResourceSnapshot snapshot, string name) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value?.ToString();
}
