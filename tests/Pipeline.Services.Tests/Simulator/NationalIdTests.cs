using System.Globalization;
using System.Text.Json;

namespace Pipeline.Services.Tests.Simulator;

public sealed class NationalIdTests
{
    [Fact]
    public async Task Norway_EveryNumber_HasItsDateGenderAndCheckDigits()
    {
        int[] first = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
        int[] second = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
        foreach (var person in await PeopleAsync("no"))
        {
            var id = person.Text("id.value");
            Assert.Equal(person.At("dob.date").GetDateTime().ToUniversalTime().ToString("ddMMyy", CultureInfo.InvariantCulture), id[..6]);
            Assert.Equal(person.Text("gender") == "male" ? 1 : 0, (id[8] - '0') % 2);
            Assert.Equal(0, first.Select((weight, i) => weight * (id[i] - '0')).Sum() % 11);
            Assert.Equal(0, second.Select((weight, i) => weight * (id[i] - '0')).Sum() % 11);
        }
    }

    [Fact]
    public async Task Canada_EveryNumber_PassesLuhn()
    {
        foreach (var person in await PeopleAsync("ca"))
        {
            var sum = person.Text("id.value").Select((c, i) => (c - '0') * (1 + (i % 2))).Sum(weighted => weighted > 9 ? weighted - 9 : weighted);
            Assert.Equal(0, sum % 10);
        }
    }

    [Fact]
    public async Task Denmark_EveryNumber_StartsWithTheDateOfBirth()
    {
        foreach (var person in await PeopleAsync("dk"))
        {
            var born = person.At("dob.date").GetDateTime().ToUniversalTime();
            Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{born:ddMM}{born.Year - 1900}-"), person.Text("id.value"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task France_EveryNumber_HasItsKey()
    {
        foreach (var person in await PeopleAsync("fr"))
        {
            var parts = person.Text("id.value").Split(' ');
            Assert.Equal(97 - (long.Parse(parts[0], CultureInfo.InvariantCulture) % 97), long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task Usa_EveryNumber_IsOneThatCanBeIssued()
        => Assert.All(await PeopleAsync("us"), person => Assert.Matches("^(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}$", person.Text("id.value")));

    private static async Task<JsonElement[]> PeopleAsync(string nationality)
    {
        await using var host = await SimulatorHost.StartAsync();
        return [.. (await host.GetJsonAsync($"/api/?results=300&seed=ids&nat={nationality}")).People()];
    }
}
