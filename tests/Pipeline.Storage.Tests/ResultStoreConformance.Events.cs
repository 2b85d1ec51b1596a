using System.Text;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests;

public abstract partial class ResultStoreConformance
{
    [Fact]
    public async Task Event_Written_ComesBackInFull()
    {
        var store = await OpenAsync();
        var row = Event(4, data: "{\"name\":\"Зоряна \u0000 علی \U0001F600\"}") with { Flags = 1UL << 63 };

        await store.WriteAsync(Batch(5).With(row), Cancel);
        var read = await store.GetEventAsync(row.EventId, Cancel);

        Assert.NotNull(read);
        Assert.Equal(row.Data.ToArray(), read.Data);
        Assert.Equal(
            new StoredEvent(row.EventId, row.UserId, "profile", row.EventTime, row.IngestedAt, Topic, 0, 4, "IE", "Ireland", "Europe", "female", "25-34", 1UL << 63, read.Data),
            read);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000_000)]
    public async Task Event_DataOfAnyBytesAndLength_ComesBackUnchanged(int length)
    {
        var store = await OpenAsync();
        var data = new byte[length];
        new Random(1).NextBytes(data);

        await store.WriteAsync(Batch(1).With(Event(0) with { Data = data }), Cancel);

        Assert.Equal(data, (await store.GetEventAsync(Event(0).EventId, Cancel))?.Data);
    }

    [Fact]
    public async Task GetEvent_IdOfAForeignSource_IsFound()
    {
        var store = await OpenAsync();
        var ids = Enumerable.Range(0, 50).Select(i => new Guid(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)).ToArray();
        for (var i = 0; i < ids.Length; i++)
        {
            await store.WriteAsync(Batch(i + 1).With(Event(i, id: ids[i])), Cancel);
        }

        foreach (var id in ids)
        {
            Assert.Equal(id, (await store.GetEventAsync(id, Cancel))?.EventId);
        }

        Assert.Null(await store.GetEventAsync(Guid.Parse("00000063-0001-0002-0304-05060708090a"), Cancel));
    }

    [Fact]
    public async Task GetEvent_UnknownId_IsNull()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0)), Cancel);

        Assert.Null(await store.GetEventAsync(TimeOrderedId(Start, "somebody else"), Cancel));
        Assert.Null(await store.GetEventAsync(Guid.Empty, Cancel));
        Assert.Null(await store.GetEventAsync(new Guid(Enumerable.Repeat((byte)0xff, 16).ToArray()), Cancel));
    }

    [Fact]
    public async Task Event_WrittenAgainWithOtherContent_IsReplaced()
    {
        var store = await OpenAsync();
        var id = TimeOrderedId(Start, "x");
        await store.WriteAsync(Batch(1).With(Event(0, Start, Alice, id, "old")), Cancel);
        await store.WriteAsync(Batch(2).With(Event(1, Start, Bob, id, "new", type: "update")), Cancel);

        var events = await store.QueryEventsAsync(new EventQuery(), Cancel);
        var ofAlice = await store.QueryEventsAsync(new EventQuery { UserId = Alice }, Cancel);
        var ofBob = await store.QueryEventsAsync(new EventQuery { UserId = Bob }, Cancel);

        Assert.Equal("new", Encoding.UTF8.GetString(Assert.Single(events.Items).Data));
        Assert.Equal("update", Assert.Single(ofBob.Items).EventType);
        Assert.Empty(ofAlice.Items);
    }

    [Fact]
    public async Task QueryEvents_Paged_GivesEachOnceNewestFirst()
    {
        var store = await OpenAsync();
        var batch = Batch(500);
        for (var i = 0; i < 500; i++)
        {
            batch.With(Event(i, Start + (i / 7)));
        }

        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(9, cursor => store.QueryEventsAsync(new EventQuery { Limit = 9, Cursor = cursor }, Cancel));

        Assert.Equal(batch.Events.Select(e => e.EventId).Order(), all.Select(e => e.EventId).Order());
        Assert.Equal(all.Select(e => e.EventTime).OrderDescending(), all.Select(e => e.EventTime));
    }

    [Fact]
    public async Task QueryEvents_AllInOneMillisecond_GivesEachOnce()
    {
        var store = await OpenAsync();
        var batch = Batch(5000);
        for (var i = 0; i < 5000; i++)
        {
            batch.With(Event(i, Start, i % 2 == 0 ? Alice : Bob));
        }

        await store.WriteAsync(batch, Cancel);
        await store.WriteAsync(batch, Cancel);
        var all = await AllPagesAsync(1000, cursor => store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = cursor }, Cancel));
        var ofBob = await AllPagesAsync(333, cursor => store.QueryEventsAsync(new EventQuery { UserId = Bob, Limit = 333, Cursor = cursor }, Cancel));

        Assert.Equal(5000, all.Select(e => e.EventId).Distinct().Count());
        Assert.Equal(5000, all.Count);
        Assert.Equal(2500, ofBob.Select(e => e.EventId).Distinct().Count());
        foreach (var row in batch.Events.Take(100))
        {
            Assert.Equal(row.EventId, (await store.GetEventAsync(row.EventId, Cancel))?.EventId);
        }
    }

    [Fact]
    public async Task QueryEvents_Range_IsHalfOpen()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(4).With(Event(0, Start), Event(1, Start + 1), Event(2, Start + 2), Event(3, Start + 3)), Cancel);

        var page = await store.QueryEventsAsync(new EventQuery { From = Start + 1, To = Start + 3 }, Cancel);
        var ofUser = await store.QueryEventsAsync(new EventQuery { UserId = Alice, From = Start + 1, To = Start + 3 }, Cancel);
        var empty = await store.QueryEventsAsync(new EventQuery { From = Start + 3, To = Start + 3 }, Cancel);
        var reversed = await store.QueryEventsAsync(new EventQuery { From = Start + 3, To = Start }, Cancel);
        var everything = await store.QueryEventsAsync(new EventQuery { From = long.MinValue, To = long.MaxValue }, Cancel);

        Assert.Equal([Start + 2, Start + 1], page.Items.Select(e => e.EventTime));
        Assert.Equal([Start + 2, Start + 1], ofUser.Items.Select(e => e.EventTime));
        Assert.Empty(empty.Items);
        Assert.Empty(reversed.Items);
        Assert.Equal(4, everything.Items.Count);
    }

    [Fact]
    public async Task QueryEvents_OfAUserAcrossManyWrites_EqualsTheirEventsNewestFirst()
    {
        var store = await OpenAsync();
        var random = new Random(5);
        var users = Enumerable.Range(0, 5).Select(i => new Guid(i, 0, 0, new byte[8])).ToArray();
        var written = new List<EventRow>();
        for (var b = 0; b < 60; b++)
        {
            var batch = Batch(b);
            for (var i = 0; i < random.Next(1, 60); i++)
            {
                batch.With(Event(written.Count, Start + (b * 100) + random.Next(-2000, 2000), users[random.Next(users.Length)]));
                written.Add(batch.Events[^1]);
            }

            await store.WriteAsync(batch, Cancel);
        }

        foreach (var user in users)
        {
            var all = await AllPagesAsync(7, cursor => store.QueryEventsAsync(new EventQuery { UserId = user, From = Start, Limit = 7, Cursor = cursor }, Cancel));
            var expected = written.Where(e => e.UserId == user && e.EventTime >= Start).ToList();

            Assert.Equal(expected.Select(e => e.EventTime).OrderDescending(), all.Select(e => e.EventTime));
            Assert.Equal(expected.Select(e => e.EventId).Order(), all.Select(e => e.EventId).Order());
        }
    }

    [Fact]
    public async Task QueryEvents_EmptyStore_IsAnEmptyLastPage()
    {
        var store = await OpenAsync();

        var page = await store.QueryEventsAsync(new EventQuery(), Cancel);

        Assert.Empty(page.Items);
        Assert.Null(page.Cursor);
    }

    [Fact]
    public async Task QueryEvents_ExactlyOnePage_HasNoCursor()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(3).With(Event(0), Event(1), Event(2)), Cancel);

        var page = await store.QueryEventsAsync(new EventQuery { Limit = 3 }, Cancel);

        Assert.Equal(3, page.Items.Count);
        Assert.Null(page.Cursor);
    }

    [Fact]
    public async Task QueryEvents_LargeValues_EndThePageEarly()
    {
        var store = await OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await store.WriteAsync(Batch(i + 1).With(Event(i) with { Data = new byte[7_000_000] }), Cancel);
        }

        var all = new List<StoredEvent>();
        string? cursor = null;
        do
        {
            var page = await store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = cursor }, Cancel);
            Assert.InRange(page.Items.Count, 1, 4);
            all.AddRange(page.Items);
            cursor = page.Cursor;
        }
        while (cursor is not null);

        Assert.Equal([4, 3, 2, 1, 0], all.Select(e => e.Offset));
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64url!")]
    [InlineData("' OR 1=1 --")]
    public async Task AnyQuery_UnknownCursor_IsRefused(string cursor)
    {
        var store = await OpenAsync();

        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryEventsAsync(new EventQuery { Cursor = cursor }, Cancel).AsTask());
        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryWindowsAsync(new WindowQuery { Cursor = cursor }, Cancel).AsTask());
        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QuerySessionsAsync(new SessionQuery { Cursor = cursor }, Cancel).AsTask());
        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryLateAsync(new RangeQuery { Cursor = cursor }, Cancel).AsTask());
        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryDeadLettersAsync(new DeadLetterQuery { Cursor = cursor }, Cancel).AsTask());
        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryQualityAsync(new QualityQuery { Cursor = cursor }, Cancel).AsTask());
    }

    [Fact]
    public async Task QueryLate_CursorOfEvents_IsRefused()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(2).With(Event(0), Event(1)), Cancel);
        var page = await store.QueryEventsAsync(new EventQuery { Limit = 1 }, Cancel);

        await Assert.ThrowsAsync<InvalidCursorException>(() => store.QueryLateAsync(new RangeQuery { Cursor = page.Cursor }, Cancel).AsTask());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task AnyQuery_LimitOutOfRange_IsRefused(int limit)
    {
        var store = await OpenAsync();

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.QueryEventsAsync(new EventQuery { Limit = limit }, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.QueryWindowsAsync(new WindowQuery { Limit = limit }, Cancel).AsTask());
    }
}
