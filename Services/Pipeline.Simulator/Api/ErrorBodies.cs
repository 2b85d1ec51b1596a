using System.Globalization;

namespace Pipeline.Simulator.Api;

/// <summary>What the genuine service sends when it does not send users.</summary>
internal static class ErrorBodies
{
    public const string SomethingWentWrong =
        """{"error":"Uh oh, something has gone wrong. Please tweet us @randomapi about the issue. Thank you."}""";

    public static string RateLimited(long users) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"error":"Whoa, ease up there cowboy. You've requested {{users}} users in the last minute. Help us keep this service free and spare some bandwidth for other users please :)"}""");
}
