using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests;

public abstract partial class ResultStoreConformance
{
    [Fact]
    public async Task Write_SameBatchAgain_ChangesNothing()
    {
        var store = await OpenAsync();
        var batch = Batch(3).With(Event(0), Event(1)).With(Window(Start)).With(Session(Start)).With(Late(2)).With(DeadLetter(3)).With(Quality(Start));

        await store.WriteAsync(batch, Cancel);
        var once = await EverythingAsync(store);
        await store.WriteAsync(batch, Cancel);
        var twice = await EverythingAsync(store);

        Assert.Equal(once, twice);
        Assert.Equal(8, once.Count);
    }

    [Fact]
    public async Task Write_LaterEpochWasClaimed_IsRefusedAndWritesNothing()
    {
        var store = await OpenAsync();
        var first = await store.ClaimAsync(Topic, 0, "first", Cancel);
        await store.ClaimAsync(Topic, 0, "second", Cancel);

        var refused = await Assert.ThrowsAsync<StaleEpochException>(() => store.WriteAsync(Batch(1, first.Epoch).With(Event(0)), Cancel).AsTask());

        Assert.Contains("second", refused.Message);
        Assert.False(refused.IsTransient);
        Assert.Empty(await EverythingAsync(store));
    }

    [Fact]
    public async Task Write_OtherPartitionWasClaimed_IsAccepted()
    {
        var store = await OpenAsync();
        var claim = await store.ClaimAsync(Topic, 0, "first", Cancel);
        await store.ClaimAsync(Topic, 1, "second", Cancel);
        await store.ClaimAsync("user_activity", 0, "third", Cancel);

        await store.WriteAsync(Batch(1, claim.Epoch).With(Event(0)), Cancel);

        Assert.NotNull(await store.GetEventAsync(Event(0).EventId, Cancel));
    }

    [Fact]
    public async Task Claim_TwoInstancesInTurn_RaisesTheEpochAndReturnsTheProgress()
    {
        var one = await OpenAsync();
        var other = await OpenAsync();

        var first = await one.ClaimAsync(Topic, 0, "one", Cancel);
        await one.WriteAsync(Batch(17, first.Epoch), Cancel);
        var second = await other.ClaimAsync(Topic, 0, "other", Cancel);

        Assert.Null(first.Progress);
        Assert.Equal(17, second.Progress?.NextOffset);
        Assert.True(second.Epoch > first.Epoch);
        await Assert.ThrowsAsync<StaleEpochException>(() => one.WriteAsync(Batch(18, first.Epoch), Cancel).AsTask());
        await other.WriteAsync(Batch(18, second.Epoch), Cancel);
    }

    [Fact]
    public async Task Claim_ManyAtOnceFromTwoInstances_NeverGivesAnEpochTwice()
    {
        var one = await OpenAsync();
        var other = await OpenAsync();

        var claims = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () => await (i % 2 == 0 ? one : other).ClaimAsync(Topic, 0, $"w{i}", Cancel), Cancel)));

        Assert.Equal(40, claims.Select(c => c.Epoch).Distinct().Count());
    }

    [Fact]
    public async Task Write_ManyPartitionsAtOnce_AllAreThere()
    {
        var store = await OpenAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(partition => Task.Run(
            async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    await store.WriteAsync(Batch(i + 1, partition: partition).With(Event(i, partition: partition)), Cancel);
                }
            },
            Cancel)));

        var events = await AllPagesAsync(100, cursor => store.QueryEventsAsync(new EventQuery { Cursor = cursor }, Cancel));
        Assert.Equal(160, events.Select(e => e.EventId).Distinct().Count());
        Assert.All(await store.GetProgressAsync(Cancel), p => Assert.Equal(20, p.NextOffset));
    }

    [Fact]
    public async Task Write_StaleBatchBesideGoodOnes_FailsAlone()
    {
        var store = await OpenAsync();
        await store.ClaimAsync(Topic, 0, "first", Cancel);
        await store.ClaimAsync(Topic, 0, "second", Cancel);

        var stale = 0;
        await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(
            async () =>
            {
                try
                {
                    await store.WriteAsync(Batch(1, partition: i % 4).With(Event(i, partition: i % 4)), Cancel);
                }
                catch (StaleEpochException)
                {
                    Interlocked.Increment(ref stale);
                }
            },
            Cancel)));

        Assert.Equal(6, stale);
        var events = await store.QueryEventsAsync(new EventQuery(), Cancel);
        Assert.Equal(18, events.Items.Count);
        Assert.DoesNotContain(events.Items, e => e.Partition == 0);
    }

    [Fact]
    public async Task Write_OneRowCannotBeStored_NothingOfTheBatchIsThere()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0)), Cancel);
        var before = await EverythingAsync(store);

        var batch = Batch(9).With(Event(1), Event(2) with { Nationality = null! }, Event(3)).With(Window(Start));
        var refused = await Assert.ThrowsAsync<StorageException>(() => store.WriteAsync(batch, Cancel).AsTask());

        Assert.False(refused.IsTransient);
        Assert.Equal(before, await EverythingAsync(store));
        await store.WriteAsync(Batch(2).With(Event(1)), Cancel);
    }

    [Fact]
    public async Task Write_AfterReopening_EverythingIsThere()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0)).With(Window(Start)), Cancel);
        var before = await EverythingAsync(store);

        var again = await OpenAsync();

        Assert.Equal(before, await EverythingAsync(again));
    }

    [Fact]
    public async Task Progress_Written_ComesBackInFull()
    {
        var store = await OpenAsync();
        var written = Progress(12) with { Stored = 7, DeadLettered = 2, Late = 1, Duplicate = 2, LatencyP99 = double.NaN, LastStoredAt = Start };

        await store.WriteAsync(new ResultBatch { Progress = written }, Cancel);
        await store.WriteAsync(new ResultBatch { Progress = Progress(1, partition: 1) with { Watermark = long.MinValue, MaxEventTime = long.MinValue } }, Cancel);

        Assert.Equal([written, Progress(1, partition: 1) with { Watermark = long.MinValue, MaxEventTime = long.MinValue }], await store.GetProgressAsync(Cancel));
    }

    /// <summary>All rows as text, for comparing whole states.</summary>
    protected static async Task<List<string>> EverythingAsync(IResultStore store)
    {
        var all = new List<string>();
        foreach (var e in await AllPagesAsync(1000, c => store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = c }, Cancel)))
        {
            all.Add($"{e with { Data = [] }} {Convert.ToHexString(e.Data)}");
        }

        foreach (var w in await AllPagesAsync(1000, c => store.QueryWindowsAsync(new WindowQuery { Limit = 1000, Cursor = c }, Cancel)))
        {
            all.Add($"{w with { Sketches = [] }} {string.Join('|', w.Sketches.Select(Convert.ToHexString))}");
        }

        all.AddRange((await AllPagesAsync(1000, c => store.QuerySessionsAsync(new SessionQuery { Limit = 1000, Cursor = c }, Cancel))).Select(s => s.ToString()));
        foreach (var l in await AllPagesAsync(1000, c => store.QueryLateAsync(new RangeQuery { Limit = 1000, Cursor = c }, Cancel)))
        {
            all.Add($"{l with { Data = [] }} {Convert.ToHexString(l.Data)}");
        }

        foreach (var d in await AllPagesAsync(1000, c => store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = 1000, Cursor = c }, Cancel)))
        {
            all.Add($"{d with { Key = [], Value = [] }} {Convert.ToHexString(d.Key)} {Convert.ToHexString(d.Value)}");
        }

        all.AddRange((await AllPagesAsync(1000, c => store.QueryQualityAsync(new QualityQuery { Limit = 1000, Cursor = c }, Cancel))).Select(q => q.ToString()));
        all.AddRange((await store.GetProgressAsync(Cancel)).Select(p => p.ToString()));
        return all;
    }
}
