using CsCheck;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.Tests.RecordLog.Groups;

public sealed class PartitionAssignorTests
{
    private static readonly Dictionary<TopicPartition, string> Nobody = [];

    [Fact]
    public void Assign_SameTopicsForAll_SharesDifferByAtMostOne()
        => Gen.Select(Gen.Int[1, 20], Gen.Int[1, 12]).Sample((partitions, members) =>
        {
            var assigned = Assign(members, partitions, Nobody);

            var shares = Members(members).Select(m => assigned.Count(a => a.Value == m)).ToList();
            Assert.Equal(partitions, assigned.Count);
            Assert.InRange(shares.Max() - shares.Min(), 0, 1);
        });

    [Fact]
    public void Assign_AMemberJoinsOrLeaves_MovesNoMoreThanItMust()
        => Gen.Select(Gen.Int[1, 20], Gen.Int[1, 12], Gen.Int[1, 12]).Sample((partitions, before, after) =>
        {
            var was = Assign(before, partitions, Nobody);
            var now = Assign(after, partitions, was);

            // Everybody keeps at least the smaller of what they had and the smaller share.
            foreach (var member in Members(Math.Min(before, after)))
            {
                var had = was.Where(a => a.Value == member).Select(a => a.Key).ToHashSet();
                var kept = now.Count(a => a.Value == member && had.Contains(a.Key));
                Assert.InRange(kept, Math.Min(had.Count, partitions / after), had.Count);
            }

            Assert.Equal(now, Assign(after, partitions, now));
        });

    [Fact]
    public void Assign_TopicsOfDifferentSize_EqualNumbersGoTogether()
    {
        var assigned = PartitionAssignor.Assign(
            Members(3).ToDictionary(m => m, _ => (IReadOnlySet<string>)new HashSet<string> { "a", "b" }), new Dictionary<string, int> { ["a"] = 3, ["b"] = 5 }, Nobody);

        Assert.All(Enumerable.Range(0, 3), n => Assert.Equal(assigned[new TopicPartition("a", n)], assigned[new TopicPartition("b", n)]));
        Assert.Equal(8, assigned.Count);
    }

    [Fact]
    public void Assign_DifferentSubscriptions_NobodyGetsWhatTheyDidNotAskFor()
    {
        var assigned = PartitionAssignor.Assign(
            new Dictionary<string, IReadOnlySet<string>> { ["m1"] = new HashSet<string> { "a" }, ["m2"] = new HashSet<string> { "a", "b" } },
            new Dictionary<string, int> { ["a"] = 2, ["b"] = 2, ["c"] = 2 },
            Nobody);

        Assert.All(assigned.Where(a => a.Key.Topic == "b"), a => Assert.Equal("m2", a.Value));
        Assert.Equal(2, assigned.Where(a => a.Key.Topic == "a").Select(a => a.Value).Distinct().Count());
        Assert.DoesNotContain(assigned, a => a.Key.Topic == "c");
    }

    private static Dictionary<TopicPartition, string> Assign(int members, int partitions, Dictionary<TopicPartition, string> current)
        => PartitionAssignor.Assign(
            Members(members).ToDictionary(m => m, _ => (IReadOnlySet<string>)new HashSet<string> { "t" }), new Dictionary<string, int> { ["t"] = partitions }, current);

    private static IEnumerable<string> Members(int count) => Enumerable.Range(0, count).Select(i => $"m{i:00}");
}
