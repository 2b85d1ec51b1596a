namespace Pipeline.Standalone;

/// <summary>Settings that cannot be read, all of them.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> errors) : Exception(string.Join(" ", errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
