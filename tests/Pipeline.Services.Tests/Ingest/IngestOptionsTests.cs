using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Ingest;
using Pipeline.Ingest.RandomUser;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

public sealed class IngestOptionsTests
{
    [Fact]
    public void Validate_Defaults_AreValid()
        => Assert.True(new IngestOptionsValidator().Validate(null, new IngestOptions()).Succeeded);

    [Fact]
    public void Validate_ManyFaults_NamesEachWithItsValue()
    {
        var result = new IngestOptionsValidator().Validate(null, new IngestOptions
        {
            BaseUrl = "ftp://example.com",
            Interval = TimeSpan.FromMilliseconds(5),
            UsersPerRun = 20_001,
            Timeout = TimeSpan.Zero,
            RateLimitUsers = 10,
            Api = { MaxItems = 0 },
        });

        Assert.Collection(
            result.Failures!,
            e => Assert.Equal("Ingest:BaseUrl must be an absolute http or https address; it is 'ftp://example.com'.", e),
            e => Assert.StartsWith("Ingest:Interval", e, StringComparison.Ordinal),
            e => Assert.Equal("Ingest:UsersPerRun must be from 1 to 20,000; it is '20001'.", e),
            e => Assert.StartsWith("Ingest:Timeout", e, StringComparison.Ordinal),
            e => Assert.StartsWith("Ingest:RateLimitUsers", e, StringComparison.Ordinal),
            e => Assert.StartsWith("Ingest:Api:MaxItems", e, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RateLimiter_AnyFiveMinutes_GiveNoMoreThanTheLimit()
    {
        var clock = new FakeTimeProvider();
        using var limiter = new UserRateLimiter(Options.Create(new IngestOptions { RateLimitUsers = 20_000 }), clock);
        var granted = new List<(DateTimeOffset At, int Users)>();
        var waits = new List<TimeSpan>();

        for (var i = 0; i < 12; i++)
        {
            var before = waits.Count;
            var grant = limiter.AcquireAsync(5_000, waits.Add, TestContext.Current.CancellationToken);
            if (waits.Count > before)
            {
                // The clock moves only while the limiter waits, so that the time noted is the time of the grant.
                Assert.False(grant.IsCompleted);
                clock.Advance(waits[^1]);
            }

            await grant.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            granted.Add((clock.GetUtcNow(), 5_000));
            clock.Advance(TimeSpan.FromSeconds(20));
        }

        Assert.All(granted, start => Assert.True(granted.Where(g => g.At >= start.At && g.At < start.At.AddMinutes(5)).Sum(g => g.Users) <= 20_000));
        Assert.Equal(2, waits.Count(wait => wait > TimeSpan.FromMinutes(2)));
    }
}
