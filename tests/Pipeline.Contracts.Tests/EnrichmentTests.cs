namespace Pipeline.Contracts.Tests;

public class EnrichmentTests
{
    [Theory]
    [InlineData(-1, "unknown")]
    [InlineData(0, "0-17")]
    [InlineData(17, "0-17")]
    [InlineData(18, "18-24")]
    [InlineData(24, "18-24")]
    [InlineData(25, "25-34")]
    [InlineData(34, "25-34")]
    [InlineData(35, "35-44")]
    [InlineData(44, "35-44")]
    [InlineData(45, "45-54")]
    [InlineData(54, "45-54")]
    [InlineData(55, "55-64")]
    [InlineData(64, "55-64")]
    [InlineData(65, "65+")]
    [InlineData(120, "65+")]
    public void AgeBand_Age_FallsInItsBand(int age, string band) => Assert.Equal(band, EventEnrichment.AgeBand(age));

    [Fact]
    public void Country_EveryNationality_HasNameAndRegion()
    {
        foreach (var nationality in Enum.GetValues<Nationality>().Where(n => n != Nationality.Unknown))
        {
            Assert.NotEqual("unknown", Country.Of(nationality).Name);
            Assert.NotEqual("unknown", Country.Of(nationality).Region);
        }

        Assert.Same(Country.Unknown, Country.Of(Nationality.Unknown));
        Assert.Equal(new Country("Germany", string.Empty, "Western Europe"), Country.Of(Nationality.DE));
    }

    [Fact]
    public void Enrichment_OfEvent_GivesTableEntries()
    {
        var value = SampleEvents.UserBytes;
        SampleEvents.Decode(value, out var e);

        Assert.Equal("United States", EventEnrichment.CountryName(e));
        Assert.Equal("North America", EventEnrichment.Region(e));
        Assert.Equal("35-44", EventEnrichment.AgeBand(e));
        Assert.Equal("example.com"u8, EventEnrichment.EmailDomain(e, value));
        Assert.Equal("John Doe", EventEnrichment.FullName(e, value));
        Assert.Same(EventEnrichment.AgeBand(e), EventEnrichment.AgeBand(36));
    }

    [Fact]
    public void Enrichment_OfActivity_IsUnknown()
    {
        SampleEvents.Decode(SampleEvents.ActivityBytes, out var e);

        Assert.Equal(("unknown", "unknown", "unknown"), (EventEnrichment.AgeBand(e), EventEnrichment.CountryName(e), EventEnrichment.Region(e)));
    }
}
