using CsCheck;

namespace Pipeline.Contracts.Tests;

public class EventIdTests
{
    private const long Time = 1_770_028_200_123;
    private static readonly Guid User = Guid.Parse("c7a41086-06e3-4bfe-9c40-4e9da2df42c8");

    // Computed by another program from the documented layout. Ids are in stores: to change them is to change every key.
    [Fact]
    public void ForFetchedUser_KnownName_GivesGoldenId()
        => Assert.Equal(Guid.Parse("019c1de6-f0bb-8d41-97b4-c146ad4de8be"), EventId.ForFetchedUser("randomuser.me", "pipeline", 1, 0, Time));

    [Fact]
    public void ForActivity_KnownName_GivesGoldenId()
        => Assert.Equal(Guid.Parse("019c1de6-f0bb-87ce-9d7a-b9add36c6f99"), EventId.ForActivity(User, EventType.Login, Time));

    [Fact]
    public void Ids_OfAnyName_AreVersion8OfTheirTime()
        => Gen.Select(Gen.String, Gen.String, Gen.Int, Gen.Int, Gen.Long[0, EventId.MaxTime]).Sample((source, seed, page, index, time) =>
        {
            foreach (var id in new[] { EventId.ForFetchedUser(source, seed, page, index, time), EventId.ForActivity(User, EventType.View, time, source) })
            {
                Assert.Equal(8, id.Version);
                Assert.InRange(id.Variant, 8, 11);
                Assert.Equal(time, UuidBytes.UnixMilliseconds(id));
            }
        });

    [Fact]
    public void Ids_OfDifferentNames_Differ()
    {
        Guid[] ids =
        [
            EventId.ForFetchedUser("a", "b", 1, 2, Time),
            EventId.ForFetchedUser("ab", "", 1, 2, Time),
            EventId.ForFetchedUser("", "ab", 1, 2, Time),
            EventId.ForFetchedUser("a", "b", 2, 1, Time),
            EventId.ForFetchedUser("a", "b", 1, 3, Time),
            EventId.ForFetchedUser("a", "b", 1, 2, Time + 1),
            EventId.ForActivity(User, EventType.Login, Time),
            EventId.ForActivity(User, EventType.Logout, Time),
            EventId.ForActivity(User, EventType.Login, Time, "1"),
            EventId.ForActivity(Guid.Empty, EventType.Login, Time),
        ];

        Assert.Distinct(ids);
    }

    [Fact]
    public void Ids_ByTheirBytes_AreInTimeOrder()
        => Gen.Select(Gen.Long[0, EventId.MaxTime], Gen.Long[0, EventId.MaxTime]).Where((a, b) => a != b).Sample((a, b) =>
        {
            var first = new byte[UuidBytes.Length];
            var second = new byte[UuidBytes.Length];
            UuidBytes.Write(first, EventId.ForActivity(User, EventType.View, a));
            UuidBytes.Write(second, EventId.ForActivity(User, EventType.View, b));

            Assert.Equal(Math.Sign(a.CompareTo(b)), Math.Sign(first.AsSpan().SequenceCompareTo(second)));
        });

    [Theory]
    [InlineData(-1)]
    [InlineData(EventId.MaxTime + 1)]
    public void Ids_OfTimeBeyond48Bits_AreRefused(long time)
        => Assert.Throws<ArgumentOutOfRangeException>(() => EventId.ForActivity(User, EventType.View, time));

    [Fact]
    public void ForFetchedUser_LongSource_IsAccepted()
        => Assert.Equal(8, EventId.ForFetchedUser(new string('é', 5_000), "seed", 1, 0, Time).Version);

    [Fact]
    public void Ids_OfUsualNames_AllocateNothing()
    {
        _ = EventId.ForFetchedUser("randomuser.me", "pipeline", 1, 0, Time);
        _ = EventId.ForActivity(User, EventType.View, Time);
        var before = GC.GetAllocatedBytesForCurrentThread();

        _ = EventId.ForFetchedUser("randomuser.me", "pipeline", 1, 0, Time);
        _ = EventId.ForActivity(User, EventType.View, Time);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
