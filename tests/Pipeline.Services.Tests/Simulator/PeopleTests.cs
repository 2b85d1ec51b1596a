using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Simulator.Formats;
using Pipeline.Simulator.People;

namespace Pipeline.Services.Tests.Simulator;

public sealed class PeopleTests
{
    private static readonly string[] AllFields = ["gender", "name", "location", "email", "login", "dob", "registered", "phone", "cell", "id", "picture", "nat"];

    [Fact]
    public async Task Page_OfOneSeed_IsTheSameForEver()
    {
        // A backfill years from now fetches these people again. Whoever changes this hash changes everybody's people: raise it knowingly.
        await using var host = await SimulatorHost.StartAsync();
        var body = await host.GetTextAsync("/api/1.4/?results=1000&seed=pipeline&page=2");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        Assert.True(hash == "b7ac0d473212b8d3351ce08ba6cce07c8b4b09a00dff78f1af42b33ed1297658", $"The people are others now: {hash}");
    }

    [Fact]
    public async Task Page_WithFewerResults_IsAPrefixOfTheLonger()
    {
        await using var host = await SimulatorHost.StartAsync();
        var longer = await ResultsAsync(host, "/api/?results=50&seed=a");
        Assert.Equal(longer[..10], await ResultsAsync(host, "/api/?results=10&seed=a"));
    }

    [Theory]
    [InlineData("/api/?results=20&seed=b")]
    [InlineData("/api/?results=20&seed=a&page=2")]
    [InlineData("/api/?results=20&seed=a2")]
    public async Task Page_OfAnotherSeedOrPage_HasOtherPeople(string url)
    {
        await using var host = await SimulatorHost.StartAsync();
        var ours = await ResultsAsync(host, "/api/?results=20&seed=a");
        Assert.Empty(ours.Intersect(await ResultsAsync(host, url)));
    }

    [Fact]
    public async Task Page_WithoutSeed_EchoesASeedThatGivesTheSamePage()
    {
        await using var host = await SimulatorHost.StartAsync();
        var first = await host.GetJsonAsync("/api/?results=3");
        var seed = first.Text("info.seed");
        Assert.Matches("^[0-9a-f]{16}$", seed);
        Assert.Equal(first.GetRawText(), await host.GetTextAsync($"/api/?results=3&seed={seed}"));
    }

    [Fact]
    public async Task Fields_Excluded_LeaveTheOthersAsTheyWere()
    {
        await using var host = await SimulatorHost.StartAsync();
        var whole = (await host.GetJsonAsync("/api/?results=40&seed=f")).People().ToArray();
        foreach (var field in AllFields)
        {
            var only = (await host.GetJsonAsync($"/api/?results=40&seed=f&inc={field}")).People().ToArray();
            Assert.Equal(whole.Select(person => $"{{\"{field}\":{person.GetProperty(field).GetRawText()}}}"), only.Select(person => person.GetRawText()));
            var without = (await host.GetJsonAsync($"/api/?results=40&seed=f&exc={field}")).People().ToArray();
            Assert.Equal(
                whole.Select(person => string.Join('\n', person.EnumerateObject().Where(property => property.Name != field))),
                without.Select(person => string.Join('\n', person.EnumerateObject())));
        }
    }

    [Fact]
    public async Task Nationality_OfTheSameSeed_GivesTheSameUuidToAnotherPerson()
    {
        await using var host = await SimulatorHost.StartAsync();
        var danish = (await host.GetJsonAsync("/api/?results=20&seed=n&nat=dk")).People().ToArray();
        var french = (await host.GetJsonAsync("/api/?results=20&seed=n&nat=fr")).People().ToArray();
        Assert.Equal(danish.Select(person => person.Text("login.uuid")), french.Select(person => person.Text("login.uuid")));
        Assert.Empty(danish.Select(person => person.Text("name")).Intersect(french.Select(person => person.Text("name"))));
    }

    [Fact]
    public async Task Password_WithARule_LeavesTheRestAlone()
    {
        await using var host = await SimulatorHost.StartAsync();
        var plain = (await host.GetJsonAsync("/api/?results=20&seed=p")).People().ToArray();
        var ruled = (await host.GetJsonAsync("/api/?results=20&seed=p&password=number,6")).People().ToArray();
        Assert.All(ruled, person => Assert.Matches("^[0-9]{6}$", person.Text("login.password")));
        Assert.Equal(plain.Select(person => person.Text("location")), ruled.Select(person => person.Text("location")));
        Assert.Equal(plain.Select(person => person.Text("login.salt")), ruled.Select(person => person.Text("login.salt")));
    }

    [Fact]
    public async Task Login_Hashes_AreThoseOfPasswordAndSalt()
    {
        await using var host = await SimulatorHost.StartAsync();
        foreach (var login in (await host.GetJsonAsync("/api/?results=50&seed=l")).People().Select(person => person.GetProperty("login")))
        {
            var salted = Encoding.UTF8.GetBytes(login.Text("password") + login.Text("salt"));
#pragma warning disable CA5350, CA5351 // What the API sends.
            Assert.Equal(Convert.ToHexStringLower(MD5.HashData(salted)), login.Text("md5"));
            Assert.Equal(Convert.ToHexStringLower(SHA1.HashData(salted)), login.Text("sha1"));
#pragma warning restore CA5350, CA5351
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(salted)), login.Text("sha256"));
            Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", login.Text("uuid"));
            Assert.Matches("^[a-z]+[1-9][0-9]{2}$", login.Text("username"));
        }
    }

    [Fact]
    public async Task Dates_OfAPerson_FitTheirAgesAndEachOther()
    {
        await using var host = await SimulatorHost.StartAsync();
        foreach (var person in (await host.GetJsonAsync("/api/?results=500&seed=d")).People())
        {
            Assert.True(person.At("dob.date").GetDateTime() < person.At("registered.date").GetDateTime());
            foreach (var date in (JsonElement[])[person.GetProperty("dob"), person.GetProperty("registered")])
            {
                Assert.InRange(SimulatorHost.Now.UtcDateTime, date.At("date").GetDateTime().AddYears(date.At("age").GetInt32()), date.At("date").GetDateTime().AddYears(date.At("age").GetInt32() + 1));
            }
        }
    }

    [Theory]
    [InlineData("2000-02-29", "2026-02-27", 25)]
    [InlineData("2000-02-29", "2026-02-28", 26)]
    [InlineData("1990-06-15", "2026-06-14", 35)]
    [InlineData("1990-06-15", "2026-06-15", 36)]
    public void Age_OnADay_CountsWholeYears(string born, string today, int age)
        => Assert.Equal(age, PersonJson.FullYears(DateTime.Parse(born, null), DateTime.Parse(today, null)));

    [Fact]
    public void Lists_OfEveryNationality_HaveEnoughVariety()
    {
        Assert.All(new NationalityCatalog().All, nationality =>
        {
            Assert.True(nationality.MaleNames.Distinct().Count() >= 40, nationality.Code);
            Assert.True(nationality.FemaleNames.Distinct().Count() >= 40, nationality.Code);
            Assert.True(nationality.LastNames.Distinct().Count() >= 40, nationality.Code);
            Assert.True(nationality.Streets.Distinct().Count() >= 25, nationality.Code);
            Assert.True(nationality.Cities.Distinct().Count() >= 25, nationality.Code);
            Assert.All([.. nationality.MaleNames, .. nationality.FemaleNames, .. nationality.LastNames], name => Assert.Matches("^[a-z' -]+$", name.EmailPart));
        });
    }

    private static async Task<string[]> ResultsAsync(SimulatorHost host, string url)
        => [.. (await host.GetJsonAsync(url)).People().Select(person => person.GetRawText())];
}
