using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace Pipeline.Testing;

/// <summary>Waits for a condition instead of for a time: returns as soon as it holds, fails when it does not within the limit.</summary>
public static class Eventually
{
    // A net for what never comes true, not a measurement: on a busy machine everything takes its time.
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <param name="limit">Real time; 60 s unless told.</param>
    public static Task TrueAsync(Func<bool> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string what = "")
        => TrueAsync(() => Task.FromResult(condition()), limit, what);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, string)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var allowed = limit ?? DefaultLimit;
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waited.Elapsed > allowed)
            {
                Assert.Fail($"Not true within {allowed.TotalSeconds:0.#} s: {what}");
            }

            // The longer it takes, the less often is asked: who asks takes the time from what is waited for.
            var pause = TimeSpan.FromTicks(Math.Clamp(waited.Elapsed.Ticks / 10, ShortestPause.Ticks, LongestPause.Ticks));
            await Task.Delay(pause, TestContext.Current.CancellationToken);
        }
    }
}
