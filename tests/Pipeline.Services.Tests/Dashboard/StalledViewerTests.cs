using Pipeline.Dashboard;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>A viewer that stops reading, beside one that does not, over the real circuits of the pages.</summary>
public sealed class StalledViewerTests(DashboardHost host) : IClassFixture<DashboardHost>
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Viewer_ThatAnswersPingsAndDrawsNothing_IsDroppedAfterTheLimit_AndTheOtherIsNot()
    {
        var limit = new DashboardOptions().StalledViewerAfter;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var stalled = await host.ViewAsync("/");
        await stalled.ReadAsync(stopAfter: 1, Token);
        var stalling = stalled.StallAsync(over.Token);
        await using var reader = await host.ViewAsync("/");
        var reading = reader.ReadAsync(stopAfter: null, over.Token);
        await Eventually.TrueAsync(() => reader.Updates.Count > 0 && host.Viewers == 2);

        for (var waited = Second; waited < limit; waited += Second)
        {
            await DrawAsync();
            Assert.Equal(2, host.Viewers);
        }

        // The update that it has not drawn may be that of the first second.
        await DrawAsync();
        await DrawAsync();
        await Eventually.TrueAsync(() => host.Viewers == 1, TimeSpan.FromSeconds(60));
        Assert.True(await stalled.WasDroppedAsync(TimeSpan.FromSeconds(20)));
        Assert.True(reader.IsOpen);
        await over.CancelAsync();
        await stalling;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        // A second passes, and the viewer that reads has drawn its update before the next does.
        async Task DrawAsync()
        {
            var drawn = reader.Updates.Count;
            host.Clock.Advance(Second);
            await Eventually.TrueAsync(() => reader.Updates.Count > drawn, TimeSpan.FromSeconds(60));
        }
    }
}
