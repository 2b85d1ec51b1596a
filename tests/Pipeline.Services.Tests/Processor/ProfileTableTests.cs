using CsCheck;
using Pipeline.Contracts;
using Pipeline.Processor.Steps;
using Pipeline.Streaming;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

public sealed class ProfileTableTests
{
    private static readonly Guid User = Guid.NewGuid();

    // Two versions, the second from 50 on, told in any order and as often as wanted: at any time the newest one not after it counts.
    [Fact]
    public void TryGet_AnyOrderOfTwoVersions_GivesTheOneThatHeldThen()
        => Gen.Select(Gen.Long[0, 100].Array[1, 12], Gen.Long[-5, 110]).Sample((times, at) =>
        {
            var table = new ProfileTable(10);
            foreach (var since in times)
            {
                table.Add(User, since, FactsAt(since));
            }

            var known = times.Where(t => t <= at).DefaultIfEmpty(-1).Max();
            Assert.Equal(known >= 0, table.TryGet(User, at, out var facts));
            Assert.Equal(known >= 0 ? FactsAt(known) : default, facts);
        });

    [Fact]
    public void Add_AnyNumberOfUsers_KeepsAtMostTwiceTheBound()
    {
        var table = new ProfileTable(100);
        for (var i = 0; i < 10_000; i++)
        {
            table.Add(Id(i), 0, FactsAt(0));
            Assert.InRange(table.Count, 1, 200);
        }

        Assert.True(table.TryGet(Id(9_999), 0, out _));
        Assert.False(table.TryGet(Id(0), 0, out _));
    }

    [Fact]
    public void TryGet_UserThatIsActive_OutlivesTheOthers()
    {
        var table = new ProfileTable(100);
        table.Add(User, 0, FactsAt(60));
        for (var i = 0; i < 10_000; i++)
        {
            table.Add(Id(i), 0, FactsAt(0));
            Assert.True(table.TryGet(User, 1, out var facts));
            Assert.Equal(FactsAt(60), facts);
        }
    }

    [Fact]
    public void Restore_Saved_HoldsTheSame()
    {
        var table = new ProfileTable(100);
        for (var i = 0; i < 150; i++)
        {
            table.Add(Id(i), i, FactsAt(i));
        }

        var writer = new StateWriter();
        table.Save(writer);
        var restored = new ProfileTable(100);
        var reader = new StateReader(writer.Written.Span);
        restored.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(table.Count, restored.Count);
        Assert.True(restored.TryGet(Id(140), 140, out var facts));
        Assert.Equal(FactsAt(140), facts);
    }

    // Far more profiles than activity: what is read ahead of it has a bound, and reading stops when enough is known.
    [Fact]
    public void Join_TableFarAheadOfActivity_KeepsABoundedPart()
    {
        var join = new JoinProfiles(new QualityRules(ContractModel.Embedded), TimeSpan.FromSeconds(10), maxUsers: 100);
        var profile = ProcessorHost.User(1, ProcessorHost.Noon);
        Assert.True(join.WantsMore(ProcessorHost.Noon));
        for (var i = 0; i < 70; i++)
        {
            using var records = TestRecord.ToBatch(
                new TopicPartition(Topics.Users, 0), i * 1_000, [.. Enumerable.Range(0, 1_000).Select(r => new TestRecord(profile, ProcessorHost.Noon + (i * 1_000) + r))]);
            join.Accept(records, ProcessorHost.Noon);
        }

        Assert.Equal(70_000, join.NextTableOffset);
        Assert.InRange(join.StateEntries, 1, 66_000);
        Assert.False(join.WantsMore(ProcessorHost.Noon));
        Assert.Equal(0, join.Behind);
    }

    private static ProfileFacts FactsAt(long since) => since < 50 ? new(Nationality.DE, Gender.Male, 30) : new(Nationality.FR, Gender.Male, 31);

    private static Guid Id(int i) => new(i, 1, 1, new byte[8]);
}
