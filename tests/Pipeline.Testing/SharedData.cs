using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// Data that lies beside the repository and not in it: <c>shared/data</c> next to the checkout (or one level further up), or
/// under the directory that the variable <c>PIPELINE_SHARED</c> names.
/// </summary>
public static class SharedData
{
    /// <summary>The path of a file or folder under <c>shared/data</c>; skips the running test when it is not on this machine.</summary>
    public static string Require(string relativePath)
    {
        var path = Find(relativePath);
        Assert.SkipWhen(path is null, $"shared/data/{relativePath} is not on this machine");
        return path!;
    }

    /// <summary>The path of a file or folder under <c>shared/data</c>, or null when it is not on this machine.</summary>
    public static string? Find(string relativePath)
        => Candidates().Select(shared => Path.Combine(shared, "data", relativePath)).FirstOrDefault(Path.Exists);

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("PIPELINE_SHARED") is { Length: > 0 } named)
        {
            yield return named;
        }

        if (RepositoryRoot.Find() is { } root)
        {
            yield return Path.GetFullPath(Path.Combine(root, "..", "shared"));
            yield return Path.GetFullPath(Path.Combine(root, "..", "..", "shared"));
        }
    }
}
