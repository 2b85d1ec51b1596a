using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests;

public abstract partial class ResultStoreConformance
{
    [Fact]
    public async Task Window_OfSeveralPartitions_IsMerged()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Window(Start, "IE", count: 2, sketch: [1])), Cancel);
        await store.WriteAsync(Batch(1, partition: 1).With(Window(Start, "IE", partition: 1, count: 3, isFinal: false, isLate: true, sketch: [2, 3])), Cancel);

        var page = await store.QueryWindowsAsync(new WindowQuery(), Cancel);

        var window = Assert.Single(page.Items);
        Assert.Equal(new Aggregate(5, 10, 20, 2, 2), window.Aggregate);
        Assert.False(window.IsFinal);
        Assert.True(window.IsLateUpdate);
        Assert.Equal([[1], [2, 3]], window.Sketches);
    }

    [Fact]
    public async Task Window_WrittenAgain_IsReplaced()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Window(Start, count: 2, isFinal: true, sketch: [9])), Cancel);
        await store.WriteAsync(Batch(2).With(Window(Start, count: 7, isFinal: true, isLate: true)), Cancel);

        var window = Assert.Single((await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items);

        Assert.Equal(7, window.Aggregate.Count);
        Assert.True(window.IsLateUpdate);
        Assert.Empty(window.Sketches);
    }

    [Fact]
    public async Task Window_Empty_KeepsItsInfinities()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Window(Start) with { Aggregate = Aggregate.Empty }), Cancel);

        Assert.Equal(Aggregate.Empty, Assert.Single((await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items).Aggregate);
    }

    [Fact]
    public async Task QueryWindows_Paged_GivesEachOnceOldestFirstThenByValue()
    {
        var store = await OpenAsync();
        string[] values = ["", "FR", "IE", "ÜÖ", "中"];
        var batch = Batch(1);
        foreach (var start in Enumerable.Range(0, 10).Select(i => Start + (i * Minute)))
        {
            foreach (var value in values)
            {
                batch.With(Window(start, value), Window(start, value, partition: 1), Window(start, value, metric: "age"), Window(start, value, grain: "hour"));
            }
        }

        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(3, cursor => store.QueryWindowsAsync(new WindowQuery { Limit = 3, Cursor = cursor }, Cancel));

        var expected = Enumerable.Range(0, 10).SelectMany(i => values.Select(v => (Start + (i * Minute), v)));
        Assert.Equal(expected, all.Select(w => (w.WindowStart, w.Value)));
        Assert.All(all, w => Assert.Equal(2, w.Aggregate.Count));
    }

    [Fact]
    public async Task QueryWindows_Range_IsHalfOpen()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Window(Start), Window(Start + Minute), Window(Start + (2 * Minute)), Window(Start + Minute, "", count: 3)), Cancel);

        var page = await store.QueryWindowsAsync(new WindowQuery { From = Start + Minute, To = Start + (2 * Minute) }, Cancel);

        Assert.Equal([(Start + Minute, ""), (Start + Minute, "all")], page.Items.Select(w => (w.WindowStart, w.Value)));
    }

    [Fact]
    public async Task QuerySessions_OfAll_ArePagedNewestFirst()
    {
        var store = await OpenAsync();
        var batch = Batch(1);
        for (var i = 0; i < 40; i++)
        {
            batch.With(Session(Start + (i / 4), i % 2 == 0 ? Alice : Bob, $"s{i}"));
        }

        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(7, cursor => store.QuerySessionsAsync(new SessionQuery { Limit = 7, Cursor = cursor }, Cancel));
        var ofBob = await AllPagesAsync(7, cursor => store.QuerySessionsAsync(new SessionQuery { Limit = 7, UserId = Bob, Cursor = cursor }, Cancel));

        Assert.Equal(batch.Sessions.OrderByDescending(s => (s.Start, s.SessionId.ToString())), all);
        Assert.Equal(batch.Sessions.Where(s => s.UserId == Bob).OrderByDescending(s => (s.Start, s.SessionId.ToString())), ofBob);
    }

    [Fact]
    public async Task Session_WrittenAgainAndMerged_LeavesOneRow()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Session(Start, name: "a"), Session(Start + 10_000, name: "b")), Cancel);

        var merge = Batch(2).With(Session(Start, name: "a", events: 9, isLate: true));
        merge.RemovedSessions.Add(new SessionKey(Alice, Session(Start + 10_000, name: "b").SessionId, Start + 10_000));
        await store.WriteAsync(merge, Cancel);
        await store.WriteAsync(merge, Cancel);

        Assert.Equal(merge.Sessions, (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items);
        Assert.Single((await store.QuerySessionsAsync(new SessionQuery { UserId = Alice }, Cancel)).Items);
    }

    [Fact]
    public async Task Session_WrittenAndMergedAwayInOneBatch_IsNotThere()
    {
        var store = await OpenAsync();
        var batch = Batch(1).With(Session(Start + 10, name: "later"), Session(Start, name: "earlier"));
        batch.RemovedSessions.Add(new SessionKey(Alice, Session(Start + 10, name: "later").SessionId, Start + 10));

        await store.WriteAsync(batch, Cancel);

        Assert.Equal(Start, Assert.Single((await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items).Start);
    }

    [Fact]
    public async Task QuerySessions_Range_IsHalfOpen()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Session(Start), Session(Start + 1), Session(Start + 2)), Cancel);

        var page = await store.QuerySessionsAsync(new SessionQuery { From = Start, To = Start + 2 }, Cancel);

        Assert.Equal([Start + 1, Start], page.Items.Select(s => s.Start));
    }

    [Fact]
    public async Task QueryLate_TiesInTime_ArePagedEachOnceNewestFirst()
    {
        var store = await OpenAsync();
        var batch = Batch(1);
        for (var i = 0; i < 30; i++)
        {
            batch.With(Late(i / 3, Start + (i / 10), partition: i % 3, data: "\0ü"));
        }

        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(4, cursor => store.QueryLateAsync(new RangeQuery { Limit = 4, Cursor = cursor }, Cancel));
        var range = await store.QueryLateAsync(new RangeQuery { From = Start + 1, To = Start + 2 }, Cancel);

        Assert.Equal(batch.Late.Select(l => (l.Partition, l.Offset)).Order(), all.Select(l => (l.Partition, l.Offset)).Order());
        Assert.Equal(all.Select(l => l.EventTime).OrderDescending(), all.Select(l => l.EventTime));
        Assert.Equal(10, range.Items.Count);
        Assert.All(all, l => Assert.Equal("\0ü"u8.ToArray(), l.Data));
    }

    [Fact]
    public async Task QueryDeadLetters_Filtered_ArePagedEachOnceNewestFirst()
    {
        var store = await OpenAsync();
        var batch = Batch(1);
        for (var i = 0; i < 60; i++)
        {
            batch.With(DeadLetter(i, Start + (i / 5), reason: i % 2 == 0 ? "malformed_json" : "out_of_range", rule: i % 3 == 0 ? "age-range" : "json"));
        }

        await store.WriteAsync(batch, Cancel);

        await ExpectAsync(null, null, 60);
        await ExpectAsync("out_of_range", null, 30);
        await ExpectAsync(null, "age-range", 20);
        await ExpectAsync("out_of_range", "age-range", 10);
        await ExpectAsync("stale", null, 0);

        async Task ExpectAsync(string? reason, string? rule, int count)
        {
            var all = await AllPagesAsync(4, cursor => store.QueryDeadLettersAsync(new DeadLetterQuery { ReasonCode = reason, RuleId = rule, Limit = 4, Cursor = cursor }, Cancel));
            Assert.Equal(count, all.Select(d => d.Offset).Distinct().Count());
            Assert.Equal(count, all.Count);
            Assert.Equal(all.Select(d => d.Offset).OrderDescending(), all.Select(d => d.Offset));
        }
    }

    [Fact]
    public async Task DeadLetter_Written_KeepsTheOriginalBytes()
    {
        var store = await OpenAsync();
        var row = DeadLetter(3) with { Key = new byte[] { 0, 255, 128 }, Value = new byte[] { 0xC3, 0x28, 0 }, Message = "lone surrogate \u0000 at 1", ErrorOffset = -1 };

        await store.WriteAsync(Batch(4).With(row), Cancel);

        var entry = Assert.Single((await store.QueryDeadLettersAsync(new DeadLetterQuery(), Cancel)).Items);
        Assert.Equal(row.Key.ToArray(), entry.Key);
        Assert.Equal(row.Value.ToArray(), entry.Value);
        Assert.Equal(row.Message, entry.Message);
        Assert.Equal((Topic, 0, 3L, "malformed_json", "json", -1, row.IngestedAt, row.FailedAt), (entry.Topic, entry.Partition, entry.Offset, entry.ReasonCode, entry.RuleId, entry.ErrorOffset, entry.IngestedAt, entry.FailedAt));
    }

    [Fact]
    public async Task QueryQuality_OfSeveralPartitions_IsMergedAndPagedNewestFirst()
    {
        var store = await OpenAsync();
        var batch = Batch(1);
        for (var i = 0; i < 10; i++)
        {
            foreach (var rule in new[] { "a", "b", "c" })
            {
                batch.With(Quality(Start + (i * Minute), rule), Quality(Start + (i * Minute), rule, partition: 1, failed: 4));
            }
        }

        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(4, cursor => store.QueryQualityAsync(new QualityQuery { Limit = 4, Cursor = cursor }, Cancel));
        var ofB = await AllPagesAsync(4, cursor => store.QueryQualityAsync(new QualityQuery { RuleId = "b", From = Start + Minute, To = Start + (9 * Minute), Limit = 4, Cursor = cursor }, Cancel));

        Assert.Equal(30, all.Distinct().Count());
        Assert.Equal(all.OrderByDescending(q => q.WindowStart).ThenByDescending(q => q.RuleId, StringComparer.Ordinal), all);
        Assert.All(all, q => Assert.Equal((20L, 5L), (q.Checked, q.Failed)));
        Assert.Equal(Enumerable.Range(1, 8).Select(i => Start + (i * Minute)).OrderDescending(), ofB.Select(q => q.WindowStart));
    }
}
