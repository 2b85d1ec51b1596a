using System.Text.Json;
using Pipeline.Sqlite;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Configuration;
using Pipeline.Standalone.Live;
using Spectre.Console;

namespace Pipeline.Standalone.Doctor;

/// <summary>Says what is wrong with this set-up, in plain words, and changes nothing.</summary>
internal static class DoctorCommand
{
    public static async Task<int> RunAsync(HostSettings settings, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        await foreach (var finding in ExamineAsync(settings, cancellationToken))
        {
            findings.Add(finding);
            if (settings.Output != OutputMode.Json)
            {
                Show(finding);
            }
        }

        var problems = findings.Count(f => f.Kind == FindingKind.Problem);
        if (settings.Output == OutputMode.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new
            {
                ok = problems == 0,
                checks = findings.Select(f => new { check = f.Check, state = Name(f.Kind), words = f.Words }),
            }));
        }
        else
        {
            Console.Out.WriteLine(problems switch { 0 => "Nothing is wrong.", 1 => "One problem.", _ => $"{problems} problems." });
        }

        return problems == 0 ? ExitCode.Ok : ExitCode.Failure;
    }

    private static async IAsyncEnumerable<Finding> ExamineAsync(HostSettings settings, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Checks.Machine();
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        PipelineApplication.AddServices(builder);
        await using var app = builder.Build();
        foreach (var finding in Checks.Configuration(SettingsCheck.AllErrors(errors, app.Services)))
        {
            yield return finding;
        }

        if (DirectoryOf(builder.Configuration) is not { } directory)
        {
            yield break;
        }

        foreach (var finding in Checks.Directory(directory))
        {
            yield return finding;
        }

        var instance = await Checks.LockAsync(directory, PipelineClient.TokenOf(settings, builder.Configuration), cancellationToken);
        yield return instance;
        foreach (var finding in Checks.Databases(directory))
        {
            yield return finding;
        }

        yield return Checks.Address(builder.Configuration["urls"], isOurs: instance.Kind == FindingKind.Note);
        yield return Checks.Clock(directory, TimeProvider.System.GetUtcNow());
        yield return await Checks.SourceAsync(builder.Configuration["Ingest:BaseUrl"], cancellationToken);
    }

    private static DataDirectory? DirectoryOf(ConfigurationManager configuration)
    {
        var options = new DataDirectoryOptions();
        var text = configuration[$"{DataDirectoryOptions.SectionName}:{nameof(DataDirectoryOptions.Directory)}"];
        options.Directory = string.IsNullOrEmpty(text) ? options.Directory : text;
        return File.Exists(options.Directory) || options.Directory.AsSpan().ContainsAny(Path.GetInvalidPathChars()) ? null : new DataDirectory(options);
    }

    private static void Show(Finding finding)
    {
        var mark = finding.Kind switch { FindingKind.Good => "[green]✓[/]", FindingKind.Note => "[yellow]•[/]", _ => "[red]✗[/]" };
        Terminal.Open().MarkupLine($"{mark} {Markup.Escape(finding.Check),-15} {Markup.Escape(finding.Words)}");
    }

    private static string Name(FindingKind kind) => kind switch { FindingKind.Good => "ok", FindingKind.Note => "note", _ => "problem" };
}
