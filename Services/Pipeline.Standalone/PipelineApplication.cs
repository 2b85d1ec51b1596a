using Pipeline.EventLog;
using Pipeline.Ingest;
using Pipeline.Processor;
using Pipeline.Processor.Api;
using Pipeline.ServiceDefaults;
using Pipeline.Simulator;
using Pipeline.Standalone.Configuration;
using Pipeline.Standalone.Live;
using Pipeline.Storage;

namespace Pipeline.Standalone;

/// <summary>Puts the services together in one process, on one data directory.</summary>
internal static class PipelineApplication
{
    public const string DefaultUrl = "http://localhost:5080";
    public const string RecordLogFile = "log.db";

    /// <summary>A builder with the settings of all sources, read and checked, and logging as the command line wants it.</summary>
    /// <param name="errors">Settings that are misspelt or of the wrong kind.</param>
    public static WebApplicationBuilder CreateBuilder(HostSettings settings, out IReadOnlyList<string> errors)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = [.. settings.Configuration],
            ApplicationName = "Pipeline.Standalone",
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Configuration.AddUserFile(settings);
        AddLogging(builder, settings);
        Duration.UseForSettings();
        errors = SettingsCheck.Run(builder.Configuration);
        return builder;
    }

    public static void UseDefaultUrl(WebApplicationBuilder builder)
    {
        string[] places = ["urls", "http_ports", "https_ports"];
        if (places.All(place => string.IsNullOrEmpty(builder.Configuration[place])) && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }
    }

    /// <summary>What the log and the stores hold, without anybody who works on it.</summary>
    public static void AddStores(IHostApplicationBuilder builder)
    {
        builder.AddEventLog();
        builder.AddResultStore();
    }

    /// <summary>All services; the order is that of the flow.</summary>
    public static void AddServices(WebApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        AddStores(builder);
        builder.AddIngest();
        builder.AddActivityGenerator();
        builder.AddProcessor();
        builder.AddDashboard();
    }

    /// <exception cref="ConfigurationException">Settings are wrong: all that are.</exception>
    public static void Check(WebApplication app, IReadOnlyList<string> errors)
    {
        if (SettingsCheck.AllErrors(errors, app.Services) is { Count: > 0 } all)
        {
            throw new ConfigurationException(all);
        }
    }

    public static void Map(WebApplication app)
    {
        app.MapDefaultEndpoints();
        app.MapIngestApi();
        app.MapProcessorApi();
        app.MapDashboard();
    }

    /// <summary>A file beside where the command is typed comes between the shipped defaults and the environment.</summary>
    private static void AddUserFile(this ConfigurationManager configuration, HostSettings settings)
    {
        var path = Path.Combine(Environment.CurrentDirectory, "appsettings.json");
        if (path != Path.Combine(AppContext.BaseDirectory, "appsettings.json") && File.Exists(path))
        {
            configuration.AddJsonFile(path, optional: true, reloadOnChange: false);
            configuration.AddEnvironmentVariables();
            configuration.AddCommandLine([.. settings.Configuration]);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder, HostSettings settings)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console =>
        {
            console.FormatterName = PlainConsoleFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        builder.Logging.AddConsoleFormatter<PlainConsoleFormatter, PlainConsoleFormatterOptions>(options =>
        {
            options.ShowStacks = settings.Verbose;
            options.LineStart = settings.Output == OutputMode.Terminal && !Console.IsErrorRedirected ? "\r\u001b[K" : "";
        });
        builder.Logging.SetMinimumLevel(settings.Verbose ? LogLevel.Information : LogLevel.Warning);
        if (!settings.Verbose)
        {
            // A failed call is told by the task that made it, in words, and not once more per attempt.
            builder.Logging.AddFilter("Polly", LogLevel.Critical);

            // What stops the host is told once, by the exit sentence, instead of twice with a stack.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        }
    }
}

/// <summary>What the command line said that concerns every command.</summary>
/// <param name="Configuration">Settings as <c>--Key=value</c>.</param>
/// <param name="Token">The token to call a running instance with; <see langword="null"/> for the one of the settings.</param>
/// <param name="Url">The running instance to call; <see langword="null"/> for the one on the data directory.</param>
internal sealed record HostSettings(IReadOnlyList<string> Configuration, OutputMode Output, bool Verbose, string? Token = null, string? Url = null);
