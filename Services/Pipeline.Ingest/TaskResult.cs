namespace Pipeline.Ingest;

internal static class TaskResult
{
    public const string ReturnValue = "return_value";
}
