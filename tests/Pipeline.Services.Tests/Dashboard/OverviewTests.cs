using Pipeline.Dashboard.Live;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class OverviewTests(DashboardHost host) : IClassFixture<DashboardHost>
{
    [Fact]
    public async Task Overview_ReadAgain_KeepsThePartsThatAreAsTheyWere()
    {
        host.Reset();
        host.Store.Events.Add(Event(1));
        host.Store.DeadLetters.Add(new DeadLetterEntry("users_topic", 0, 7, "malformed_json", "schema.json", "not JSON", 3, 1, 2, [1], [2]));
        var first = await host.Overviews.ReadAsync(true, TestContext.Current.CancellationToken);
        host.Store.Events.Insert(0, Event(2));

        var second = await host.Overviews.ReadAsync(true, TestContext.Current.CancellationToken);

        Assert.Same(first.DeadLetters, second.DeadLetters);
        Assert.Equal(2, second.Events.Count);
        Assert.Same(second.Events, (await host.Overviews.ReadAsync(true, TestContext.Current.CancellationToken)).Events);
    }

    [Fact]
    public async Task Overview_Chart_IsMadeOnceForEachTimeZone()
    {
        host.Reset();
        var overview = await host.Overviews.ReadAsync(true, TestContext.Current.CancellationToken);

        var utc = overview.Minutes(ViewPreferences.Default);

        Assert.Same(utc, overview.Minutes(new ViewPreferences("dark", "UTC")));
        Assert.Same(utc.ToJson(), utc.ToJson());
        Assert.Equal(["11:01", "11:59"], [utc.Labels[0], utc.Labels[^1]]);
        Assert.Equal(["12:01", "12:59"], [overview.Minutes(new ViewPreferences("", "Africa/Lagos")).Labels[0], overview.Minutes(new ViewPreferences("", "Africa/Lagos")).Labels[^1]]);
    }

    private static StoredEvent Event(int number)
        => new(new Guid(number, 0, 0, new byte[8]), Guid.Empty, "view", 1, 1, "user_activity", 0, number, "", "", "", "", "", 0, "{}"u8.ToArray());
}
