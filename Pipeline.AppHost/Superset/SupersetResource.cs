namespace Pipeline.AppHost.Superset;

/// <summary>Superset in a container, with the dashboards of <c>image/bundle</c>.</summary>
public sealed class SupersetResource(string name) : ContainerResource(name)
{
    internal const string PrimaryEndpointName = "http";
}
