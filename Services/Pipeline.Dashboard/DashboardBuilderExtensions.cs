using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Dashboard;
using Pipeline.Dashboard.Airflow;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Components;
using Pipeline.Dashboard.Live;
using Pipeline.Dashboard.Page;
using Pipeline.Dashboard.Status;
using Pipeline.Dashboard.Views;
using Pipeline.EventLog;
using Pipeline.ServiceDefaults.Security;

namespace Microsoft.Extensions.Hosting;

/// <summary>The query API and the live pages beside it.</summary>
public static class DashboardBuilderExtensions
{
    /// <summary>Adds what the query API and the pages need; the record log, the result store and the scheduler are added by the caller.</summary>
    public static IHostApplicationBuilder AddDashboard(this IHostApplicationBuilder builder)
    {
        builder.AddDashboardStatus();
        builder.Services.AddHostedService<StatusSampler>();

        builder.AddApiSecurity();
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<ApiExceptionHandler>();
        builder.Services.ConfigureHttpJsonOptions(options => ApiJson.Configure(options.SerializerOptions));
        builder.Services.AddOpenApi(ApiDocument.Configure);
        builder.Services.AddOpenApi(AirflowApi.DocumentName, Describing.Configure);
        builder.Services.AddSingleton<AirflowMapper>();
        builder.AddPages();
        return builder;
    }

    /// <summary>Adds the status alone, for a host without a page.</summary>
    public static IHostApplicationBuilder AddDashboardStatus(this IHostApplicationBuilder builder)
    {
        builder.AddEventLog();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<RateWindow>();
        builder.Services.AddSingleton<StatusReader>();
        return builder;
    }

    /// <summary>Maps <c>/api</c> (all but <c>POST /api/events</c>, which is Ingest's), <c>/api/v2</c>, <c>/openapi</c> and the pages from <c>/</c>.</summary>
    public static WebApplication MapDashboard(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(ApiProblem.WriteStatusAsync);
        app.Use(PageSecurity.AddHeadersAsync);
        app.UsePageLimits();
        app.UseAntiforgery();

        var api = app.MapGroup("/api").RequireRole(ApiRoles.Viewer);
        api.MapStatus();
        api.MapEvents();
        api.MapWindows();
        api.MapSessions();
        api.MapLate();
        api.MapDeadLetters();
        api.MapQuality();
        api.MapRuns();
        api.MapBackfillProgress();

        app.MapAirflow();
        app.MapOpenApi();
        app.MapPageFiles();
        app.MapSignIn();

        // Dead letters leave with their original bytes, personal ones among them.
        var downloads = app.MapGroup("").WithMetadata(PageSignIn.Instance).RequireRateLimiting(PageLimits.Downloads).ExcludeFromDescription();
        downloads.MapGroup("").RequireRole(ApiRoles.Operator).MapDeadLetterDownloads();
        downloads.MapGroup("").RequireRole(ApiRoles.Viewer).MapAnalyticsDownloads();
        app.MapRazorComponents<App>()
            // An update is a few KB; to deflate it for each viewer anew costs more than to send it, and keeps a window of memory for each.
            .AddInteractiveServerRenderMode(options => options.DisableWebSocketCompression = true)
            .RequireRole(ApiRoles.Viewer)
            .WithMetadata(PageSignIn.Instance);
        return app;
    }

    private static void AddPages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(options =>
        {
            // A viewer who reads slowly gets fewer updates instead of a longer queue; one who left is soon forgotten.
            options.MaxBufferedUnacknowledgedRenderBatches = 2;
            options.DisconnectedCircuitMaxRetained = 20;
            options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(2);
        }).AddHubOptions(options => options.AddFilter<ViewerCalls>());

        // Keys for what lives no longer than the process: nothing is written to the disk of whoever runs it.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        // A browser that comes back after a restart brings a token of keys that are gone, and is given another: nothing is wrong with that.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Critical);

        // A slim host leaves out the constraint that the framework's own routes use.
        builder.Services.Configure<RouteOptions>(options => options.SetParameterPolicy<RegexInlineRouteConstraint>("regex"));
        builder.Services.AddHealthChecks();
        builder.Services.AddOptions<DashboardOptions>().BindConfiguration(DashboardOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DashboardOptions>, DashboardOptionsValidator>());
        builder.Services.AddSingleton<LiveFeeds>();
        builder.Services.AddSingleton<HealthReader>();
        builder.Services.AddSingleton<MonitoringReader>();
        builder.Services.AddSingleton<Measurements>();
        builder.Services.AddSingleton<ProcessUse>();
        builder.Services.AddSingleton<PageInstruments>();
        builder.Services.AddSingleton<CircuitHandler>(provider => provider.GetRequiredService<PageInstruments>());
        builder.Services.AddScoped<ViewerConnection>();
        builder.Services.AddScoped<CircuitHandler>(provider => provider.GetRequiredService<ViewerConnection>());
        builder.Services.AddSingleton<RecentProblems>();
        builder.Services.AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<RecentProblems>());
        builder.Services.AddSingleton<OverviewReader>();
        builder.Services.AddSingleton<LogSurveyor>();
        builder.Services.AddSingleton<TopicsReader>();
        builder.Services.AddSingleton<MessageBrowser>();
        builder.Services.AddSingleton<DeadLettersReader>();
        builder.Services.AddSingleton<QualityReader>();
        builder.Services.AddSingleton<AnalyticsReader>();
        builder.Services.AddSingleton<RunsReader>();
        builder.Services.AddSingleton<DagReader>();
        builder.Services.AddSingleton<PageActors>();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddPageLimits();
    }
}
