namespace Pipeline.AppHost;

/// <summary>Links on the Aspire dashboard to the pages of our own.</summary>
internal static class PageUrls
{
    private static readonly (string Path, string Name)[] Pages = [("/topics", "Topics"), ("/runs", "Runs"), ("/dead-letters", "Dead letters"), ("/openapi/v1.json", "API")];

    public static IResourceBuilder<ProjectResource> WithPageUrls(this IResourceBuilder<ProjectResource> service)
    {
        service.WithUrlForEndpoint("http", url => url.DisplayText = "Overview");
        foreach (var (path, name) in Pages)
        {
            service.WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = path, DisplayText = name });
        }

        return service;
    }
}
