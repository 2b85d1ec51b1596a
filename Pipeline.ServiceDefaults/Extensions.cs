using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Starting;

// In this namespace so that a Program.cs finds it without a using, as in the Aspire template.
namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of the solution does the same way: telemetry, health, service discovery, resilient HTTP.</summary>
public static class Extensions
{
    public const string HealthEndpointPath = "/health";
    public const string AlivenessEndpointPath = "/alive";
    public const string MetricsEndpointPath = "/metrics";

    /// <summary>Per instrument; calls of some hundred endpoints by their status are the most there are. What comes after them is counted together.</summary>
    private const int MaxTagCombinations = 500;

    private const string LiveTag = "live";

    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        Duration.UseForSettings();
        builder.AddEarlyStart();
        builder.ConfigureOpenTelemetry();
        builder.AddDefaultHealthChecks();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler();
            http.AddServiceDiscovery();
        });

        return builder;
    }

    /// <summary>
    /// Runs a service to its end and returns its exit code: 0 where it was asked to stop, also while it was still starting; 1 where a worker
    /// died. The host alone reports a worker's death as an ordinary stop, and a stop during the start as an unhandled exception.
    /// </summary>
    public static async Task<int> RunServiceAsync(this WebApplication app)
    {
        // Asked for before the run, which disposes the container at its end.
        var workers = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToArray();
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }

        return FaultedOf(workers) is null ? 0 : 1;
    }

    /// <summary>The worker that died; <see langword="null"/> when none did. The host reports its death as an ordinary stop.</summary>
    public static BackgroundService? FaultedWorker(this IServiceProvider services) => FaultedOf(services.GetServices<IHostedService>().OfType<BackgroundService>());

    public static TBuilder ConfigureOpenTelemetry<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                // The variable is how an orchestrator names its resources.
                builder.Configuration["OTEL_SERVICE_NAME"] ?? builder.Environment.ApplicationName))
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                // Meters and sources carry their assembly's name, so that one pattern takes them all.
                .AddMeter("Pipeline.*")
                // Connections and commands of PostgreSQL.
                .AddMeter("Npgsql")
                // Room is made for as many combinations of tags as there may be, for each instrument at once: 2,000 by default took 11 MB.
                .AddView(static _ => new MetricStreamConfiguration { CardinalityLimit = MaxTagCombinations })
                .AddPrometheusExporter())
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource("Pipeline.*")
                .AddSource("Npgsql")
                .AddAspNetCoreInstrumentation(options => options.Filter = IsNotProbe)
                .AddHttpClientInstrumentation());

        builder.AddOpenTelemetryExporters();

        return builder;
    }

    public static TBuilder AddDefaultHealthChecks<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddHealthChecks()
            .AddCheck("self", () => HealthCheckResult.Healthy("The process answers."), [LiveTag])
            .AddCheck<StartHealthCheck>("start");

        return builder;
    }

    /// <summary>Maps <c>/health</c> (all checks, with detail), <c>/alive</c> (is the process itself well) and <c>/metrics</c> (Prometheus).</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks(HealthEndpointPath, new HealthCheckOptions { ResponseWriter = HealthResponse.WriteAsync });
        app.MapHealthChecks(AlivenessEndpointPath, new HealthCheckOptions
        {
            Predicate = IsLive,
            ResponseWriter = HealthResponse.WriteAsync,
        });
        app.MapPrometheusScrapingEndpoint(MetricsEndpointPath);

        return app;
    }

    private static void AddOpenTelemetryExporters(this IHostApplicationBuilder builder)
    {
        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            builder.Services.AddOpenTelemetry().UseOtlpExporter();
            builder.Services.AddHostedService<TelemetryFlush>();
        }
    }

    internal static bool IsLive(HealthCheckRegistration check) => check.Tags.Contains(LiveTag);

    // The first of all that starts, because it is the first that is registered.
    private static void AddEarlyStart(this IHostApplicationBuilder builder)
    {
        if (EarlyServer.TryDecorate(builder.Services))
        {
            builder.Services.AddHostedService<EarlyStart>();
        }
    }

    private static BackgroundService? FaultedOf(IEnumerable<BackgroundService> workers) => workers.FirstOrDefault(worker => worker.ExecuteTask is { IsFaulted: true });

    private static bool IsNotProbe(HttpContext context)
        => !context.Request.Path.StartsWithSegments(HealthEndpointPath, StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments(AlivenessEndpointPath, StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments(MetricsEndpointPath, StringComparison.Ordinal);
}
