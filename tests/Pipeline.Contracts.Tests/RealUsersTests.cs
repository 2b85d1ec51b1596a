using System.IO.Compression;
using System.Text.Json;

namespace Pipeline.Contracts.Tests;

/// <summary>The source's own people, as an ingest would write them; skipped where the folder with them is not.</summary>
public class RealUsersTests
{
    [Theory]
    [InlineData("users-seed-pipeline-page-1")]
    [InlineData("users-seed-pipeline-page-2")]
    [InlineData("users-nonlatin")]
    [InlineData("users-lego")]
    public async Task Decode_EveryUserOfAPage_IsAcceptedWithoutWarning(string page)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        var fetched = new DateTimeOffset(2026, 9, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        await using var file = File.OpenRead(Find(page));
        await using var json = new GZipStream(file, CompressionMode.Decompress);
        using var document = await JsonDocument.ParseAsync(json, cancellationToken: TestContext.Current.CancellationToken);
        var index = 0;
        foreach (var person in document.RootElement.GetProperty("results").EnumerateArray())
        {
            var user = Format(person, page, index++, fetched);

            var value = UserEventJson.ToBytes(user);
            var result = SampleEvents.Decode(value, out var e);

            Assert.True(result.IsSuccess, result.Describe());
            Assert.Equal(user, UserEventJson.Read(value, out _));
            Assert.Equal(new QualityResult(ReasonCode.None, -1, 0), rules.Evaluate(in e, value, fetched));
            Assert.Equal(person.GetProperty("location").GetProperty("country").GetString(), EventEnrichment.CountryName(e));
        }

        Assert.True(index >= 10, $"{page} holds only {index} users");
    }

    private static UserEvent Format(JsonElement person, string page, int index, long fetched)
    {
        var location = person.GetProperty("location");
        var street = location.GetProperty("street");
        return new UserEvent
        {
            EventId = EventId.ForFetchedUser("randomuser.me", page, 1, index, fetched),
            UserId = person.GetProperty("login").GetProperty("uuid").GetGuid(),
            EventTime = fetched,
            Source = "randomuser.me",
            FirstName = person.GetProperty("name").GetProperty("first").GetString()!,
            LastName = person.GetProperty("name").GetProperty("last").GetString()!,
            Email = person.GetProperty("email").GetString()!,
            Gender = person.GetProperty("gender").GetString() == "female" ? Gender.Female : Gender.Male,
            DateOfBirth = person.GetProperty("dob").GetProperty("date").GetDateTimeOffset().ToUnixTimeMilliseconds(),
            Age = person.GetProperty("dob").GetProperty("age").GetInt32(),
            Phone = person.GetProperty("phone").GetString(),
            Nationality = person.GetProperty("nat").GetString()!,
            Address = $"{street.GetProperty("number")} {street.GetProperty("name")}, {location.GetProperty("city")}, {location.GetProperty("postcode")}, {location.GetProperty("country")}",
            Picture = person.GetProperty("picture").GetProperty("large").GetString(),
        };
    }

    private static string Find(string page)
    {
        List<string> roots = [];
        if (Environment.GetEnvironmentVariable("PIPELINE_SHARED") is { Length: > 0 } shared)
        {
            roots.Add(shared);
        }

        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
            {
                roots.Add(Path.Combine(directory.FullName, "..", "shared"));
                roots.Add(Path.Combine(directory.FullName, "..", "..", "shared"));
                break;
            }
        }

        var path = roots.Select(root => Path.Combine(root, "data", "randomuser", page + ".json.gz")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "The source's responses are not beside the checkout, nor where PIPELINE_SHARED says.");
        return path!;
    }
}
