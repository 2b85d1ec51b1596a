using System.Threading.RateLimiting;

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
}
