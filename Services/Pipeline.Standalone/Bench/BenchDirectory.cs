namespace Pipeline.Standalone.Bench;

/// <summary>A temporary directory, removed at the end.</summary>
internal sealed class BenchDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("pipeline-bench-");

    public string FullPath => _directory.FullName;

    /// <summary>The data directory, as an argument.</summary>
    public string Setting => $"--Data:Directory={Path.Combine(FullPath, "data")}";

    public string File(string name) => Path.Combine(FullPath, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
