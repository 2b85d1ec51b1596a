namespace Pipeline.Simulator.Api;

internal enum ResponseFormat
{
    Json,
    PrettyJson,
    Csv,
    Yaml,
    Xml,
}
