using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests.PackageFeeds;

/// <summary>
/// A solution of one small project with this repository's build files, and a package feed of its own: a folder. Nothing of it
/// reaches the network or the user's packages, so what the feed carries is what a test put there.
/// </summary>
internal sealed partial class FeedSandbox : IDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(3);
    private readonly TempDirectory _directory = new();

    public FeedSandbox()
    {
        var root = RepositoryRoot.Find()
            ?? throw new InvalidOperationException("The tests do not run from a checkout.");
        foreach (var file in Directory.GetFiles(root, "Directory.*").Append(Path.Combine(root, "global.json")))
        {
            File.Copy(file, _directory.File(Path.GetFileName(file)));
        }

        Directory.CreateDirectory(_directory.File("build"));
        foreach (var file in Directory.GetFiles(Path.Combine(root, "build")))
        {
            File.Copy(file, Path.Combine(_directory.File("build"), Path.GetFileName(file)));
        }

        Directory.CreateDirectory(FeedPath);
        UseFeed(FeedPath);
        // Under tests/ a project takes no analyzer packages, so an empty feed is enough to restore it.
        Write("tests/App/App.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup Condition="$(PipelineHasCassandra)">
                <PackageReference Include="CassandraCSharpDriver" />
              </ItemGroup>
            </Project>
            """);
        Write("tests/App/Nothing.cs", "internal static class Nothing;");
        Write("App.slnx", """<Solution><Project Path="tests/App/App.csproj" /></Solution>""");
    }

    public string FeedPath => _directory.File("feed");

    public void UseFeed(string source) => Write("nuget.config", $"""
        <configuration>
          <packageSources><clear /><add key="only" value="{source}" /></packageSources>
          <fallbackPackageFolders><clear /></fallbackPackageFolders>
        </configuration>
        """);

    public void AddPackage(string id, string version)
    {
        using var archive = ZipFile.Open(Path.Combine(FeedPath, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        using var writer = new StreamWriter(archive.CreateEntry($"{id}.nuspec").Open());
        writer.Write($"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata><id>{id}</id><version>{version}</version><authors>test</authors><description>Empty.</description></metadata>
            </package>
            """);
    }

    /// <summary>Runs <c>dotnet</c> in the sandbox, as a person would type it.</summary>
    public async Task<FeedCommandResult> DotnetAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = _directory.FullPath,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The variables of the build that runs these tests would point the new one at its own files.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment.Remove("PipelineFeed");
        start.Environment["NUGET_PACKAGES"] = _directory.File("packages");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        // It runs for seconds: what profiling costs never comes back.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";

        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(CommandLimit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new FeedCommandResult(process.ExitCode, await output + await errors);
    }

    public string Read(string path) => File.ReadAllText(_directory.File(path)).Trim();

    public void Write(string path, string content)
    {
        var file = _directory.File(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    public void Dispose() => _directory.Dispose();

    internal sealed partial record FeedCommandResult(int ExitCode, string Output)
    {
        /// <summary>The codes of all lines that read as one of this mechanism's warnings, in order of code.</summary>
        public IEnumerable<string> Warnings => WarningLine().Matches(Output).Select(match => match.Groups[1].Value).Order();

        [GeneratedRegex(@"^.*warning (PIPE\d+): .*$", RegexOptions.Multiline)]
        private static partial Regex WarningLine();
    }
}
