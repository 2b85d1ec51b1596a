using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Pipeline.ServiceDefaults.Starting;

/// <summary>What a service answers while it starts: whether it lives and what it lacks. Anything else is refused, with the advice to come again.</summary>
internal sealed class StartingApplication(HealthCheckService health) : IHttpApplication<HttpContext>
{
    private const string RetryAfterSeconds = "1";

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        Func<HealthCheckRegistration, bool>? checks = context.Request.Path.Value switch
        {
            Extensions.HealthEndpointPath => _ => true,
            Extensions.AlivenessEndpointPath => Extensions.IsLive,
            _ => null,
        };
        if (checks is null)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            return;
        }

        var report = await health.CheckHealthAsync(checks, context.RequestAborted);
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        await HealthResponse.WriteAsync(context, report);
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }
}
