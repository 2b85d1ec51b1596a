namespace Pipeline.Standalone.Configuration;

/// <summary>
/// Settings on the command line are told from options by the colon in their name (<c>--Ingest:Interval 5s</c>), so that a
/// misspelt option stays an error instead of becoming a setting that nobody reads.
/// </summary>
internal static class ConfigurationArguments
{
    /// <summary>Splits the arguments into those of the command and the settings, as <c>--Key=value</c>.</summary>
    public static (string[] Command, string[] Settings) Split(IReadOnlyList<string> arguments)
    {
        var command = new List<string>();
        var settings = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument : argument[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !name.Contains(':', StringComparison.Ordinal))
            {
                command.Add(argument);
            }
            else if (equals >= 0)
            {
                settings.Add(argument);
            }
            else if (i + 1 < arguments.Count)
            {
                settings.Add($"{name}={arguments[++i]}");
            }
            else
            {
                throw new ConfigurationException([$"{name[2..]} has no value."]);
            }
        }

        return ([.. command], [.. settings]);
    }
}
