using Pipeline.Contracts;
using Pipeline.Standalone.Bench;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests.Bench;

public sealed class SteadyLoadTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly InMemoryRecordLog _log = new();
    private readonly SteadyLoad _load;

    public SteadyLoadTests() => _load = new SteadyLoad(_log, Topics.Users, TimeProvider.System);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_TheLoadBreaks_EndsTheMeasurementWithItsReason()
    {
        // No topic: no append succeeds.
        var measured = _load.WhileAsync(0, 1000, async cancel => { await Task.Delay(Timeout.Infinite, cancel); return 1; }, Cancellation);

        await Assert.ThrowsAsync<RecordLogException>(() => measured.WaitAsync(Limit, Cancellation));
    }

    [Fact]
    public async Task While_Measured_TheLoadHasEndedAsWell()
    {
        await CreateTopicAsync();

        var seen = await _load.WhileAsync(0, 1000, async _ => { await Eventually.TrueAsync(() => _load.Count >= 50); return _load.Count; }, Cancellation).WaitAsync(Limit, Cancellation);

        Assert.InRange(seen, 50, _load.Count);
        Assert.Equal(_load.Count, (await _log.DescribeAsync(Cancellation)).Sum(p => p.HighWatermark));
        Assert.Equal(_load.Count, _load.Appended.Count * 10);
    }

    [Fact]
    public async Task While_TheMeasurementFails_SaysWhy()
    {
        await CreateTopicAsync();

        var measured = _load.WhileAsync<int>(0, 1000, _ => throw new InvalidOperationException("the processor is gone"), Cancellation);

        Assert.Equal("the processor is gone", (await Assert.ThrowsAsync<InvalidOperationException>(() => measured.WaitAsync(Limit, Cancellation))).Message);
    }

    public async ValueTask DisposeAsync()
    {
        await _load.DisposeAsync();
        await _log.DisposeAsync();
    }

    private ValueTask CreateTopicAsync() => _log.CreateTopicsAsync([new TopicSpec(Topics.Users, 3, null)], Cancellation);
}
