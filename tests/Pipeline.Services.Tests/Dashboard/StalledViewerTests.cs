using Pipeline.Dashboard;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>A viewer that stops reading, beside one that does not, over the real circuits of the pages.</summary>
public sealed class StalledViewerTests(DashboardHost host) : IClassFixture<DashboardHost>
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Longer than readings are ever apart, and shorter than it takes to be dropped.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(7);

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

        var waited = TimeSpan.Zero;
        for (var passed = await DrawAsync(); waited + passed < limit; passed = await DrawAsync())
        {
            waited += passed;
            Assert.Equal(2, host.Viewers);
        }

        // The update that it has not drawn may be that of the first seconds.
        await Eventually.TrueAsync(async () => host.Viewers == 1 || (await DrawAsync() > TimeSpan.Zero && host.Viewers == 1), TimeSpan.FromSeconds(60));
        Assert.True(await stalled.WasDroppedAsync(TimeSpan.FromSeconds(20)));
        Assert.True(reader.IsOpen);
        await over.CancelAsync();
        await stalling;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        // Seconds pass until the viewer that reads has drawn another update: one, or more where showing takes long on this machine and readings come less often.
        async Task<TimeSpan> DrawAsync()
        {
            var drawn = reader.Updates.Count;
            var passed = TimeSpan.Zero;
            var drawing = Eventually.TrueAsync(() => reader.Updates.Count > drawn, TimeSpan.FromSeconds(60));
            do
            {
                host.Clock.Advance(Second);
                passed += Second;
            }
            while (passed < LongestPause && await Task.WhenAny(drawing, Task.Delay(TimeSpan.FromMilliseconds(300), Token)) != drawing);

            await drawing;
            return passed;
        }
    }
}
