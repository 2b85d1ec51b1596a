using Cassandra;
using Pipeline.Storage.Cassandra;
using Pipeline.Storage.Cassandra.Writing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Cassandra;

public sealed class ReplicaBatchesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Combine_SmallWritesOnTheSameNodes_ShareRequestsUpToTheServersLimits()
    {
        var requests = Combine(_ => "a b", [.. Enumerable.Range(0, 25).Select(_ => Rows(node: 0, bytes: 100))]);

        Assert.Equal([10, 10, 5], requests.Select(RowsOf));
    }

    [Fact]
    public void Combine_ManyBytes_StaysUnderWhatTheServerWarnsOf()
    {
        var requests = Combine(_ => "a b", [.. Enumerable.Range(0, 6).Select(_ => Rows(node: 0, bytes: 2_000, rows: 3))]);

        Assert.Equal([6, 6, 6], requests.Select(RowsOf));
    }

    [Fact]
    public void Combine_LargePartition_GoesAlone()
    {
        var requests = Combine(_ => "a b", Rows(0, 100), Rows(0, 50_000, rows: 64), Rows(0, 100));

        Assert.Equal([64, 2], requests.Select(RowsOf));
    }

    [Fact]
    public void Combine_ManyRowsOfAPartition_AreARequestOfTheirOwn()
    {
        var requests = Combine(_ => "a b", Rows(0, 100), Rows(0, 64, rows: ReplicaBatches.MostRows + 1), Rows(0, 64, rows: ReplicaBatches.MostRows));

        Assert.Equal([ReplicaBatches.MostRows + 1, ReplicaBatches.MostRows + 1], requests.Select(RowsOf));
    }

    [Fact]
    public void Combine_OtherNodes_HaveRequestsOfTheirOwn()
    {
        var requests = Combine(key => key.RawRoutingKey[0] == 0 ? "a b" : "b c", [.. Enumerable.Range(0, 8).Select(i => Rows(node: i % 2, bytes: 100))]);

        Assert.Equal([4, 4], requests.Select(RowsOf));
        Assert.All(requests, request => Assert.Single(((BatchStatement)request).Statements.Select(row => row.RoutingKey!.RawRoutingKey[0]).Distinct()));
        Assert.Equal([0, 1], requests.Select(request => (int)request.RoutingKey!.RawRoutingKey[0]).Order());
    }

    [Fact]
    public void Combine_NodesAreNotKnown_EachGoesAlone()
    {
        var requests = Combine(_ => null, Rows(0, 100), Rows(0, 100, rows: 2));

        Assert.Equal([1, 2], requests.Select(RowsOf));
    }

    [Theory]
    [InlineData("batch_size_warn_threshold", "5KiB", 10, 5_120)]
    [InlineData("batch_size_warn_threshold", "32KiB", 10, 32_768)]
    [InlineData("batch_size_warn_threshold", "1MiB", 10, 65_536)]
    [InlineData("batch_size_warn_threshold", "900B", 10, 900)]
    [InlineData("batch_size_warn_threshold", "?", 10, 5_120)]
    [InlineData("batch_size_warn_threshold_in_kb", "16", 10, 16_384)]
    [InlineData("unlogged_batch_across_partitions_warn_threshold", "4", 4, 5_120)]
    [InlineData("unlogged_batch_across_partitions_warn_threshold", "1000", 64, 5_120)]
    [InlineData("unlogged_batch_across_partitions_warn_threshold", "-1", 10, 5_120)]
    [InlineData("another", "1", 10, 5_120)]
    public void Limits_SettingOfAServer_IsFollowedWithinReason(string name, string value, int partitions, int bytes)
        => Assert.Equal(new BatchLimits(partitions, bytes), BatchLimits.Usual.With(name, value));

    /// <summary>The sizes of rows are estimates: the server says when one is too small.</summary>
    [Fact]
    public async Task Combine_RowsOfEveryTable_MakesFewRequestsThatTheServerDoesNotWarnOf()
    {
        await using var stores = await CassandraStores.OpenAsync();
        var client = stores.Client();
        await using var store = CassandraStores.Store(client);
        await store.InitializeAsync(Cancel);
        var tables = new ResultTables(client, new Layout(client.Options), new StorageOptions());
        await tables.PrepareAsync(Cancel);
        var data = $$"""{{{string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"field_{i}\":\"{new string('v', 20)}\""))}}}""";
        var rows = Batch()
            .With([.. Enumerable.Range(0, 200).Select(i => Event(i, user: Guid.NewGuid(), id: i % 4 == 0 ? Guid.NewGuid() : null, data: data))])
            .With([.. Enumerable.Range(0, 100).Select(i => Window(Start, $"value-{i % 10}", metric: $"metric-{i / 10}", sketch: new byte[i % 10 * 30]))])
            .With([.. Enumerable.Range(0, 50).Select(i => Session(Start + i, Guid.NewGuid()))])
            .With([.. Enumerable.Range(0, 50).Select(i => Quality(Start, $"rule-{i}"))])
            .With([.. Enumerable.Range(0, 20).Select(i => DeadLetter(i, reason: $"reason-{i}", rule: $"rule-{i}"))])
            .With([.. Enumerable.Range(0, 2).Select(i => Late(i, data: data))]);
        rows.RemovedSessions.AddRange(Enumerable.Range(0, 50).Select(i => new SessionKey(Guid.NewGuid(), Guid.NewGuid(), Start + i)));
        var plan = new WritePlan(1_000_000, Start);
        tables.Write(rows, new ClaimRow(1, "test", long.MinValue, long.MinValue, 1_000_000, null), plan);

        var batches = ReplicaBatches.For(client);
        batches.Use(await BatchLimits.ReadAsync(client, Cancel));
        var requests = batches.Combine(plan.Writes).ToList();
        foreach (var request in requests)
        {
            var warnings = (await (await client.SessionAsync(Cancel)).ExecuteAsync(request)).Info.Warnings;
            Assert.True(warnings is null or [], string.Join('\n', warnings ?? []));
        }

        Assert.True(requests.Count * 3 < plan.Writes.Count(), $"{requests.Count} requests for {plan.Writes.Count()} partitions");
    }

    private static List<IStatement> Combine(Func<RoutingKey, string?> replicasOf, params PartitionRows[] writes) => [.. new ReplicaBatches(replicasOf).Combine(writes)];

    private static int RowsOf(IStatement request) => request is BatchStatement batch ? batch.Statements.Count() : 1;

    private static PartitionRows Rows(int node, int bytes, int rows = 1)
    {
        var partition = new PartitionRows();
        for (var i = 0; i < rows; i++)
        {
            partition.Add(new PlannedRow(new KnownRow((byte)node), 0, 0), bytes / rows);
        }

        return partition;
    }

    private sealed class KnownRow(byte node) : RowSource
    {
        public override BoundStatement Encode(int index, long writeTime) => new RowAt(node);
    }

    private sealed class RowAt(byte node) : BoundStatement
    {
        public override RoutingKey RoutingKey => new([node]);
    }
}
