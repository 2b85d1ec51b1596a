using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

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

    public static IServiceCollection AddPageLimits(this IServiceCollection services) => services.AddRateLimiter(options =>
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.AddPolicy(SignIn, context => RateLimitPartition.GetFixedWindowLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new FixedWindowRateLimiterOptions { PermitLimit = SignInsPerMinute, Window = TimeSpan.FromMinutes(1) }));
        options.AddPolicy(Downloads, context => RateLimitPartition.GetConcurrencyLimiter(
            context.User.Identity?.Name ?? "",
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
