using Cassandra;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Storage.Cassandra;
using Pipeline.Storage.Cassandra.Checkpoints;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Streaming;
using Pipeline.Streaming.State;

namespace Pipeline.Storage.Tests.Cassandra;

public sealed class CassandraCheckpointStoreTests(CassandraCheckpointStoreTests.SharedKeyspace shared) : IClassFixture<CassandraCheckpointStoreTests.SharedKeyspace>
{
    private readonly TopicPartition _partition = new($"topic_{Guid.NewGuid():N}", 2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Save_ManyCheckpoints_KeepsTheLastThreeAndNoChunkOfTheOthers()
    {
        var store = await shared.OpenAsync();
        for (var sequence = 1; sequence <= 5; sequence++)
        {
            await store.SaveAsync(_partition, sequence, new byte[] { (byte)sequence }, Cancel);
        }

        Assert.Equal([5, 4, 3], await store.ListAsync(_partition, Cancel));
        Assert.Equal([4], (await store.LoadAsync(_partition, 4, Cancel)).ToArray());
        var named = (await shared.RowsAsync($"SELECT chunks_id FROM {{0}}.checkpoints WHERE group_name = 'group' AND topic = '{_partition.Topic}' AND partition = 2")).Select(r => r.GetValue<Guid>(0)).ToList();
        Assert.Equal(3, named.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(CassandraCheckpointStore.ChunkBytes)]
    [InlineData((CassandraCheckpointStore.ChunkBytes * 5) + 7)]
    public async Task Load_InAnotherProcess_GivesTheBytesBack(int length)
    {
        var bytes = new byte[length];
        new Random(3).NextBytes(bytes);
        await (await shared.OpenAsync()).SaveAsync(_partition, 9, bytes, Cancel);

        var elsewhere = await shared.OpenAsync();

        Assert.Equal([9], await elsewhere.ListAsync(_partition, Cancel));
        Assert.Equal(bytes, (await elsewhere.LoadAsync(_partition, 9, Cancel)).ToArray());
    }

    [Fact]
    public async Task Save_SameSequenceAgain_ReplacesItAsAWhole()
    {
        var (one, other) = (await shared.OpenAsync(), await shared.OpenAsync());
        await one.SaveAsync(_partition, 4, new byte[CassandraCheckpointStore.ChunkBytes * 2], Cancel);
        await other.SaveAsync(_partition, 4, new byte[] { 7 }, Cancel);

        Assert.Equal([4], await one.ListAsync(_partition, Cancel));
        Assert.Equal([7], (await one.LoadAsync(_partition, 4, Cancel)).ToArray());
    }

    [Fact]
    public async Task List_ChunksOfACrashedSave_AreNotSeen()
    {
        var store = await shared.OpenAsync();
        await store.SaveAsync(_partition, 1, new byte[] { 1 }, Cancel);
        await shared.RowsAsync($"INSERT INTO {{0}}.checkpoint_chunks (chunks_id, chunk, data) VALUES ({Guid.NewGuid()}, 0, 0x02)");

        Assert.Equal([1], await store.ListAsync(_partition, Cancel));
    }

    [Fact]
    public async Task Load_APartIsMissing_SaysWhich()
    {
        var store = await shared.OpenAsync();
        await store.SaveAsync(_partition, 1, new byte[CassandraCheckpointStore.ChunkBytes + 1], Cancel);
        var id = (await shared.RowsAsync($"SELECT chunks_id FROM {{0}}.checkpoints WHERE group_name = 'group' AND topic = '{_partition.Topic}' AND partition = 2"))[0].GetValue<Guid>(0);
        await shared.RowsAsync($"DELETE FROM {{0}}.checkpoint_chunks WHERE chunks_id = {id} AND chunk = 1");

        var damaged = await Assert.ThrowsAsync<CheckpointException>(async () => await store.LoadAsync(_partition, 1, Cancel));

        Assert.False(damaged.IsTransient);
        Assert.Contains("part 2 of 2", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clear_Checkpoints_ForgetsThemAndOnlyThose()
    {
        var store = await shared.OpenAsync();
        var other = new TopicPartition(_partition.Topic, 3);
        await store.SaveAsync(_partition, 1, new byte[] { 1 }, Cancel);
        await store.SaveAsync(other, 1, new byte[] { 1 }, Cancel);

        await store.ClearAsync(_partition, Cancel);

        Assert.Empty(await store.ListAsync(_partition, Cancel));
        Assert.Equal([1], await store.ListAsync(other, Cancel));
    }

    [Fact]
    public async Task List_NobodyAnswers_IsTransient()
    {
        await shared.OpenAsync();
        var store = shared.Create("127.0.0.1:9");

        var failure = await Assert.ThrowsAsync<CheckpointException>(async () => await store.ListAsync(_partition, Cancel));

        Assert.True(failure.IsTransient);
    }

    public sealed class SharedKeyspace : IAsyncDisposable
    {
        private CassandraStores? _stores;

        internal async Task<CassandraCheckpointStore> OpenAsync()
        {
            _stores ??= await CassandraStores.OpenAsync();
            return Create();
        }

        internal CassandraCheckpointStore Create(string? address = null)
        {
            var client = _stores!.Client(address: address);
            return new CassandraCheckpointStore(client, CassandraStores.Store(client), new RequestSender(client, TimeProvider.System, NullLogger.Instance), TimeProvider.System, "group");
        }

        internal async Task<List<Row>> RowsAsync(string cql)
            => [.. await _stores!.Session.ExecuteAsync(new SimpleStatement(cql.Replace("{0}", _stores.Keyspace, StringComparison.Ordinal)))];

        public async ValueTask DisposeAsync()
        {
            if (_stores is not null)
            {
                await _stores.DisposeAsync();
            }
        }
    }
}
