namespace Pipeline.AppHost.Publishing;

/// <summary>A build with Aspire's publishers for Docker Compose and Kubernetes.</summary>
internal static class DeploymentTargets
{
    public static string? Refusal(DeploymentTarget target) => null;

    /// <summary>Adds what writes the target's files, when all resources are there. Started here and not published, nothing changes.</summary>
    public static void AddDeploymentTarget(this IDistributedApplicationBuilder builder, DeploymentTarget target)
    {
        if (!builder.ExecutionContext.IsPublishMode || target == DeploymentTarget.Manifest)
        {
            return;
        }

        // The files ask for the values themselves. The publisher would ask for them now, and wait for an answer that nobody can give it unless the Aspire CLI runs it.
        if (string.IsNullOrEmpty(builder.Configuration["ASPIRE_BACKCHANNEL_PATH"]))
        {
            builder.Configuration["ASPIRE_INTERACTIVITY_ENABLED"] = "false";
        }

        foreach (var resource in builder.Resources.OfType<IComputeResource>())
        {
            Settle(resource);
        }

        switch (target)
        {
            case DeploymentTarget.Compose:
                builder.AddCompose();
                break;
            case DeploymentTarget.Kubernetes:
                builder.AddKubernetes();
                break;
        }
    }

    // What does not depend on the target: the port of a service, and volumes with names that every target takes and a person knows again.
    private static void Settle(IComputeResource resource)
    {
        if (resource is ProjectResource)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                endpoint.TargetPort = PublishedContainer.ServicePort;
            }

            resource.Annotations.Add(new ContainerMountAnnotation($"{resource.Name}-data", PublishedContainer.ServiceHome, ContainerMountType.Volume, isReadOnly: false));
            resource.Annotations.Add(new EnvironmentCallbackAnnotation(context => context.EnvironmentVariables["Data__Directory"] = $"{PublishedContainer.ServiceHome}/data"));
        }

        foreach (var mount in resource.Annotations.OfType<ContainerMountAnnotation>().Where(mount => mount.Type == ContainerMountType.Volume).ToList())
        {
            var name = mount.Source![mount.Source!.LastIndexOf($"{resource.Name}-", StringComparison.Ordinal)..];
            resource.Annotations.Remove(mount);
            resource.Annotations.Add(new ContainerMountAnnotation(name, mount.Target, mount.Type, mount.IsReadOnly));
        }
    }
}
