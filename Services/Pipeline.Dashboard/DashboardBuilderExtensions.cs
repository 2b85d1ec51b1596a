using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Contracts;
using Pipeline.Dashboard.Airflow;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Page;
using Pipeline.Dashboard.Status;
using Pipeline.EventLog;
using Pipeline.ServiceDefaults.Security;

namespace Microsoft.Extensions.Hosting;

/// <summary>The query API and the live page over it.</summary>
public static class DashboardBuilderExtensions
{
    /// <summary>Adds what the query API and the page need; the record log, the result store and the scheduler are added by the caller.</summary>
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

    /// <summary>Maps <c>/api</c> (all but <c>POST /api/events</c>, which is Ingest's), <c>/api/v2</c>, <c>/openapi</c> and the page at <c>/</c>.</summary>
    public static WebApplication MapDashboard(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(ApiProblem.WriteStatusAsync);
        app.Use(PageSecurity.AddHeadersAsync);

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
        app.MapPage();
        return app;
    }
}
