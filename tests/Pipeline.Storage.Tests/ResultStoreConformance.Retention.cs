using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests;

public abstract partial class ResultStoreConformance
{
    [Fact]
    public async Task Retention_PerTable_RemovesWhatIsOlderAndOnlyThat()
    {
        var day = (long)TimeSpan.FromDays(1).TotalMilliseconds;
        Options.EventsRetention = TimeSpan.FromDays(1);
        Options.LateRetention = TimeSpan.FromDays(2);
        Options.DeadLetterRetention = TimeSpan.FromDays(3);
        Options.SessionRetention = TimeSpan.FromDays(4);
        Options.QualityRetention = TimeSpan.FromDays(5);
        Options.WindowRetention = TimeSpan.FromDays(6);
        var store = await OpenAsync();
        for (var age = 1; age <= 6; age++)
        {
            var edge = Start - (age * day);
            await store.WriteAsync(
                Batch(1).With(Event(age, edge), Event(age + 10, edge - 1)).With(Late(age, edge), Late(age + 10, edge - 1))
                    .With(DeadLetter(age, edge), DeadLetter(age + 10, edge - 1)).With(Session(edge, name: "on"), Session(edge - 1, name: "before"))
                    .With(Quality(edge), Quality(edge - 1)).With(Window(edge), Window(edge - 1), Window(edge - 1, metric: "age")),
                Cancel);
        }

        var removed = await store.ApplyRetentionAsync(Cancel);

        Assert.Equal(Start - day, (await store.QueryEventsAsync(new EventQuery(), Cancel)).Items.Min(e => e.EventTime));
        Assert.Equal(Start - (2 * day), (await store.QueryLateAsync(new RangeQuery(), Cancel)).Items.Min(e => e.EventTime));
        Assert.Equal(Start - (3 * day), (await store.QueryDeadLettersAsync(new DeadLetterQuery(), Cancel)).Items.Min(e => e.IngestedAt));
        Assert.Equal(Start - (4 * day), (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items.Min(e => e.Start));
        Assert.Equal(Start - (5 * day), (await store.QueryQualityAsync(new QualityQuery(), Cancel)).Items.Min(e => e.WindowStart));
        Assert.Equal(Start - (6 * day), (await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items.Min(e => e.WindowStart));
        Assert.Equal(11 + 9 + 7 + 5 + 3 + 2, removed);
        Assert.Equal(0, await store.ApplyRetentionAsync(Cancel));
    }

    [Fact]
    public async Task Retention_MoreThanASlice_RemovesAllOfIt()
    {
        var store = await OpenAsync();
        var old = Start - (long)TimeSpan.FromDays(31).TotalMilliseconds;
        var batch = Batch(9000);
        for (var i = 0; i < 9000; i++)
        {
            batch.With(Event(i, old + i, Bob));
        }

        await store.WriteAsync(batch, Cancel);
        await store.WriteAsync(Batch(9001).With(Event(9001, Start, Bob)), Cancel);

        Assert.Equal(9000, await store.ApplyRetentionAsync(Cancel));

        Assert.Single((await store.QueryEventsAsync(new EventQuery { UserId = Bob }, Cancel)).Items);
        Assert.Single((await store.QueryEventsAsync(new EventQuery(), Cancel)).Items);
        Assert.Null(await store.GetEventAsync(batch.Events[0].EventId, Cancel));
    }

    [Fact]
    public async Task Reset_WholeLogIsThere_RemovesAllThatWasDerivedFromIt()
    {
        var store = await OpenAsync();
        await store.WriteAsync(
            Batch(9).With(Event(0), Event(1)).With(Late(2)).With(DeadLetter(3)).With(Session(Start)).With(Quality(Start)).With(Window(Start)), Cancel);

        var claims = await store.ResetAsync([new PartitionReset(Topic, 0, 0, long.MinValue, long.MinValue)], "replay", Cancel);

        Assert.Equal(0, Assert.Single(claims).Progress?.NextOffset);
        Assert.Equal(claims[0].Progress, Assert.Single(await store.GetProgressAsync(Cancel)));
        Assert.Single(await EverythingAsync(store));
    }

    [Fact]
    public async Task Reset_LogStartsLater_KeepsWhatItNoLongerHolds()
    {
        var store = await OpenAsync();
        await store.WriteAsync(
            Batch(9).With(Event(0), Event(5)).With(Late(1), Late(6)).With(DeadLetter(2), DeadLetter(7))
                .With(Session(Start, name: "a"), Session(Start + (3 * Minute), name: "b")).With(Quality(Start), Quality(Start + Minute)).With(Window(Start), Window(Start + Minute)),
            Cancel);

        await store.ResetAsync([new PartitionReset(Topic, 0, 5, Start + Minute, Start + (2 * Minute))], "replay", Cancel);

        Assert.Equal([0L], (await store.QueryEventsAsync(new EventQuery(), Cancel)).Items.Select(e => e.Offset));
        Assert.Equal([1L], (await store.QueryLateAsync(new RangeQuery(), Cancel)).Items.Select(e => e.Offset));
        Assert.Equal([2L], (await store.QueryDeadLettersAsync(new DeadLetterQuery(), Cancel)).Items.Select(e => e.Offset));
        Assert.Equal([Start], (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items.Select(s => s.Start));
        Assert.Equal([Start], (await store.QueryQualityAsync(new QualityQuery(), Cancel)).Items.Select(q => q.WindowStart));
        Assert.Equal([Start], (await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items.Select(w => w.WindowStart));
    }

    [Fact]
    public async Task Reset_OtherPartition_StaysAsItIs()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0)).With(Window(Start)), Cancel);
        await store.WriteAsync(Batch(1, partition: 1).With(Event(0, partition: 1)).With(Window(Start, partition: 1)), Cancel);

        await store.ResetAsync([new PartitionReset(Topic, 0, 0, long.MinValue, long.MinValue)], "replay", Cancel);

        Assert.Equal(1, Assert.Single((await store.QueryEventsAsync(new EventQuery(), Cancel)).Items).Partition);
        Assert.Equal(1, Assert.Single((await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items).Aggregate.Count);
    }

    [Fact]
    public async Task Reset_WriterFromBefore_IsFenced()
    {
        var store = await OpenAsync();
        var before = await store.ClaimAsync(Topic, 0, "processor", Cancel);

        await store.ResetAsync([new PartitionReset(Topic, 0, 0, long.MinValue, long.MinValue)], "replay", Cancel);

        await Assert.ThrowsAsync<StaleEpochException>(() => store.WriteAsync(Batch(1, before.Epoch).With(Event(0)), Cancel).AsTask());
    }

    [Fact]
    public async Task Write_WindowsThatTheLogHoldsOnlyInPart_AreLeftAsTheyWere()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(9).With(Window(Start, count: 100)).With(Session(Start, events: 50)).With(Quality(Start, failed: 40)), Cancel);
        var claim = (await store.ResetAsync([new PartitionReset(Topic, 0, 5, Start + Minute, Start + Minute)], "replay", Cancel))[0];

        var replayed = Batch(9, claim.Epoch).With(Window(Start, count: 3), Window(Start + Minute, count: 4)).With(Session(Start, events: 2), Session(Start + Minute)).With(Quality(Start), Quality(Start + Minute));
        replayed.RemovedSessions.Add(new SessionKey(Alice, Session(Start).SessionId, Start));
        await store.WriteAsync(replayed, Cancel);

        Assert.Equal([100L, 4L], (await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items.Select(w => w.Aggregate.Count));
        Assert.Equal([3L, 50L], (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items.Select(s => s.Events));
        Assert.Equal([1L, 40L], (await store.QueryQualityAsync(new QualityQuery(), Cancel)).Items.Select(q => q.Failed));
    }

    [Fact]
    public async Task Reset_LogHoldsNothing_KeepsEverythingAndWritesLaterWindows()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(9).With(Event(0)).With(Window(Start)).With(Session(Start)), Cancel);

        var claim = (await store.ResetAsync([new PartitionReset(Topic, 0, 9, long.MaxValue, long.MaxValue)], "replay", Cancel))[0];
        await store.WriteAsync(Batch(10, claim.Epoch).With(Window(Start + Minute)).With(Session(Start + Minute)), Cancel);

        Assert.Single((await store.QueryEventsAsync(new EventQuery(), Cancel)).Items);
        Assert.Equal([Start, Start + Minute], (await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items.Select(w => w.WindowStart));
        Assert.Equal([Start + Minute, Start], (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items.Select(s => s.Start));
    }
}
