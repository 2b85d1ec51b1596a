namespace Pipeline.AppHost.KafkaUi;

internal static class KafkaUiContainerImageTags
{
    public const string Registry = "docker.io";
    public const string Image = "kafbat/kafka-ui";
    public const string Tag = "v1.5.0";
}
