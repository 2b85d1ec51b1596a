using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// For tests that talk to a real server. Its address comes from <c>PIPELINE_TEST_NAME</c> (<c>PIPELINE_TEST_KAFKA</c>); without one the
/// test is skipped, unless <c>PIPELINE_REQUIRE_SERVERS</c> (comma-separated) names the server: then it fails, so that a continuous
/// build that is meant to have it cannot go green without it.
/// </summary>
public static class RequiresServer
{
    /// <param name="name">As in a connection string: <c>kafka</c>, <c>schema-registry</c>, ….</param>
    public static string ConnectionString(string name)
    {
        var variable = $"PIPELINE_TEST_{name.ToUpperInvariant().Replace('-', '_')}";
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value)
        {
            return value;
        }

        var demanded = (Environment.GetEnvironmentVariable("PIPELINE_REQUIRE_SERVERS") ?? "").Split(',', StringSplitOptions.TrimEntries);
        var reason = $"needs a {name} server: set {variable}";
        Assert.False(demanded.Contains(name, StringComparer.OrdinalIgnoreCase), reason);
        Assert.Skip(reason);
        return "";
    }
}
