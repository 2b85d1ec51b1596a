namespace Pipeline.AppHost.Publishing;

/// <summary>A build on a package feed without Aspire's publishers.</summary>
internal static class DeploymentTargets
{
    public static string? Refusal(DeploymentTarget target) => target == DeploymentTarget.Manifest
        ? null
        : $"--target {target.ToString().ToLowerInvariant()} needs a build with Aspire.Hosting.Docker and Aspire.Hosting.Kubernetes, which the package feed of this build does not carry. The manifest (--publisher manifest) needs neither.";

    public static void AddDeploymentTarget(this IDistributedApplicationBuilder builder, DeploymentTarget target)
    {
        // Refused before.
    }
}
