using System.Globalization;
using Pipeline.Contracts;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Activity;

/// <summary>What users do in a session: pages, devices, errors, and how often each kind of event comes.</summary>
internal static class ActivityScript
{
    private static readonly string[] Pages =
    [
        "/", "/search", "/products", "/products/{0}", "/products/{0}/reviews", "/categories/{0}", "/cart", "/checkout", "/orders", "/orders/{0}",
        "/account", "/account/settings", "/help", "/help/articles/{0}", "/news/{0}",
    ];

    private static readonly string[] Updates = ["/account/email", "/account/address", "/account/avatar", "/account/settings", "/cart", "/wishlist"];

    // As often as each stands here.
    private static readonly string[] Devices = ["desktop", "desktop", "desktop", "mobile", "mobile", "mobile", "mobile", "mobile", "tablet"];

    private static readonly string[] Errors =
    [
        "HTTP 404: page not found", "HTTP 500: internal server error", "HTTP 503: service unavailable", "Payment declined", "Session expired",
        "Upload too large", "Validation failed: postcode", "Timeout after 30 s", "TypeError: undefined is not a function",
    ];

    public static string Device(ref Xoshiro256 random) => random.Pick<string>(Devices);

    public static string SessionId(ref Xoshiro256 random) => string.Create(CultureInfo.InvariantCulture, $"s-{random.Next():x16}");

    /// <summary>The kind of an event between login and logout, with its page and detail.</summary>
    public static (EventType Type, string Page, string? Detail) Step(ref Xoshiro256 random)
    {
        var chance = random.NextDouble();
        return chance switch
        {
            < 0.80 => (EventType.View, Page(Pages, ref random), null),
            < 0.94 => (EventType.Update, Page(Updates, ref random), null),
            _ => (EventType.Error, Page(Pages, ref random), random.Pick<string>(Errors)),
        };
    }

    private static string Page(string[] pages, ref Xoshiro256 random)
    {
        var page = random.Pick<string>(pages);
        var item = random.Range(1, 500);
        return page.Contains('{', StringComparison.Ordinal) ? page.Replace("{0}", item.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) : page;
    }
}
