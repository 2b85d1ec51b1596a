using Microsoft.Extensions.Configuration;

namespace Pipeline.Storage.Tests;

public sealed class StorageOptionsTests
{
    [Fact]
    public void Validate_Defaults_Succeed() => Assert.True(Validate(new StorageOptions()).Succeeded);

    [Fact]
    public void Validate_SeveralMistakes_NamesEachWithItsValue()
    {
        var result = Validate(new StorageOptions { EventsRetention = TimeSpan.Zero, BusyTimeout = TimeSpan.FromHours(1), WindowRetention = TimeSpan.MaxValue });

        Assert.Collection(
            result.Failures!,
            f => Assert.Equal("Storage:EventsRetention is 00:00:00; it must be between 01:00:00 and 36525.00:00:00.", f),
            f => Assert.StartsWith("Storage:WindowRetention is 10675199.", f),
            f => Assert.Equal("Storage:BusyTimeout is 01:00:00; it must be between 00:00:00.0010000 and 00:05:00.", f));
    }

    [Fact]
    public void Validate_CassandraInABuildWithoutTheDriver_SaysSo()
    {
        var result = Validate(new StorageOptions(), hasCassandra: false, ("ConnectionStrings:cassandra", "127.0.0.1"));

        Assert.StartsWith("ConnectionStrings:cassandra is set, but this build has no Cassandra driver", Assert.Single(result.Failures!));
    }

    [Fact]
    public void Validate_CassandraInABuildWithTheDriver_Succeeds()
        => Assert.True(Validate(new StorageOptions(), hasCassandra: true, ("ConnectionStrings:cassandra", "127.0.0.1")).Succeeded);

    private static Microsoft.Extensions.Options.ValidateOptionsResult Validate(StorageOptions options, bool hasCassandra = false, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
        return new StorageOptionsValidator(configuration, hasCassandra).Validate(null, options);
    }
}
