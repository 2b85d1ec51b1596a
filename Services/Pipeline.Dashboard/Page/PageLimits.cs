using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Page;

/// <summary>What one caller may ask for at once or in a minute, where more would be guessing or would cost everybody.</summary>
internal static class PageLimits
{
    /// <summary>Tries to sign in, per address: a token cannot be found by trying.</summary>
    public const string SignIn = "sign-in";

    /// <summary>Files of many rows, per person.</summary>
    public const string Downloads = "downloads";

    public const int SignInsPerMinute = 10;
    private const int DownloadsAtOnce = 2;

    /// <summary>Whom a limit counts for: a person by name; whoever did not have to say one, by address.</summary>
    public static string CallerOf(HttpContext context) => context.User.Identity?.Name is { } name && name != ApiRoles.Anonymous
        ? $"name {name}"
        : $"address {context.Connection.RemoteIpAddress}";

    public static IServiceCollection AddPageLimits(this IServiceCollection services) => services.AddRateLimiter(options =>
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.AddPolicy(SignIn, context => RateLimitPartition.GetFixedWindowLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new FixedWindowRateLimiterOptions { PermitLimit = SignInsPerMinute, Window = TimeSpan.FromMinutes(1) }));
        options.AddPolicy(Downloads, context => RateLimitPartition.GetConcurrencyLimiter(
            CallerOf(context),
            _ => new ConcurrencyLimiterOptions { PermitLimit = DownloadsAtOnce }));
    });

    /// <summary>Applies the limits. The limiter looks at what it counts ten times a second, so it is made for the first request that has a limit.</summary>
    public static void UsePageLimits(this IApplicationBuilder app) => app.Use(next =>
    {
        var limited = new Lazy<RequestDelegate>(() =>
        {
            var branch = app.New();
            branch.UseRateLimiter();
            branch.Run(next);
            return branch.Build();
        });
        return context => (context.GetEndpoint()?.Metadata.GetMetadata<EnableRateLimitingAttribute>() is null ? next : limited.Value)(context);
    });
}
