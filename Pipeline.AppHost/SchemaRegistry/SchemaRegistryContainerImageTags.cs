namespace Pipeline.AppHost.SchemaRegistry;

internal static class SchemaRegistryContainerImageTags
{
    public const string Registry = "docker.io";
    public const string Image = "confluentinc/cp-schema-registry";
    public const string Tag = "7.9.2";
}
