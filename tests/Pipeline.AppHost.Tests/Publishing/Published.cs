using TempDirectory = Pipeline.Testing.TempDirectory;

namespace Pipeline.AppHost.Tests.Publishing;

/// <summary>The full profile as it is published to a target: files by their paths.</summary>
internal static class Published
{
    public static readonly string[] Resources = ["cassandra", "dashboard", "ingest", "kafka", "postgres", "processor", "schema-registry", "simulator", "superset", "trino", "zookeeper"];
    public static readonly string[] Services = ["dashboard", "ingest", "processor", "simulator"];
    public static readonly string[] Stores = ["cassandra", "dashboard", "ingest", "kafka", "postgres", "processor", "simulator", "zookeeper"];

    /// <summary>A password that the environment of the deployer has must not get into the files.</summary>
    public const string Password = "tell-nobody-7d41";

    public static async Task<IReadOnlyDictionary<string, string>> FilesAsync(params string[] arguments)
    {
        using var folder = new TempDirectory();
        // Aspire keeps the values of parameters for the next deployment.
        using var home = new TempDirectory();
        // The token has no value at all: it is asked for where it is deployed.
        var (code, output) = await AppHostProcess.RunAsync(
            home.FullPath,
            ["--operation", "publish", "--step", "publish", "--output-path", folder.FullPath, "--Parameters:postgres-password=" + Password, .. Model.AppHostModel.NoServers, .. arguments]);
        Assert.True(code == 0, output);
        return Directory.EnumerateFiles(folder.FullPath, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder.FullPath, path).Replace('\\', '/'), File.ReadAllText);
    }
}
