using System.Globalization;
using Pipeline.Scheduling;

namespace Pipeline.Ingest.RandomUser;

/// <summary>One call of the API. The same seed and page give the same people for ever, however many are asked for.</summary>
internal readonly record struct PageRequest(string Seed, int Page, int Results)
{
    /// <summary>
    /// The calls of a run: <c>pipeline-20261123T151000Z</c> is the seed of the data interval that starts then, so that a rerun or a
    /// backfill of the interval fetches the same people; pages are full ones from 1 and a last one with the rest.
    /// </summary>
    public static IReadOnlyList<PageRequest> For(DataInterval interval, int users, string? fixedSeed)
    {
        var seed = fixedSeed ?? SeedOf(interval);
        return [.. Enumerable.Range(0, (users + IngestOptions.MaxUsersPerCall - 1) / IngestOptions.MaxUsersPerCall)
            .Select(i => new PageRequest(seed, i + 1, Math.Min(IngestOptions.MaxUsersPerCall, users - (i * IngestOptions.MaxUsersPerCall))))];
    }

    /// <summary>The API's address with this request; national ids are not even asked for.</summary>
    public Uri On(Uri baseUrl)
    {
        var query = string.Create(
            CultureInfo.InvariantCulture,
            $"results={Results}&seed={Uri.EscapeDataString(Seed)}&page={Page}&inc=gender,name,location,email,login,dob,phone,picture,nat");
        return new UriBuilder(baseUrl) { Query = baseUrl.Query.Length > 1 ? $"{baseUrl.Query[1..]}&{query}" : query }.Uri;
    }

    private static string SeedOf(DataInterval interval)
    {
        var format = interval.Start.Millisecond == 0 ? "yyyyMMdd'T'HHmmss'Z'" : "yyyyMMdd'T'HHmmssfff'Z'";
        return $"pipeline-{interval.Start.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)}";
    }
}
