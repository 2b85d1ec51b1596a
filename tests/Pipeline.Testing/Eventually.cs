using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace Pipeline.Testing;

/// <summary>Waits for a condition instead of for a time: returns as soon as it holds, fails when it does not within the limit.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <param name="limit">Real time; 20 s unless told.</param>
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

            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}
