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
    [InlineData(ContentChunks.Shortest)]
    [InlineData(ContentChunks.Longest)]
    [InlineData((ContentChunks.Longest * 5) + 7)]
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
        await one.SaveAsync(_partition, 4, new byte[ContentChunks.Longest * 2], Cancel);
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
        await store.SaveAsync(_partition, 1, Bytes(1, ContentChunks.Longest * 3), Cancel);
        var chunks = await ChunksAsync(1);
        await shared.RowsAsync($"DELETE FROM {{0}}.checkpoint_chunks WHERE chunks_id = {chunks[1].ChunksId} AND chunk = {chunks[1].Number}");

        var damaged = await Assert.ThrowsAsync<CheckpointException>(async () => await store.LoadAsync(_partition, 1, Cancel));

        Assert.False(damaged.IsTransient);
        Assert.Contains($"part 2 of {chunks.Count}", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_MostOfItAsBefore_WritesWhatIsNewAndRemovesWhatNobodyNames()
    {
        var store = await shared.OpenAsync();
        var state = Bytes(2, ContentChunks.Longest * 20);
        await store.SaveAsync(_partition, 1, state, Cancel);
        var first = await ChunksAsync(1);
        byte[] longer = [.. state, .. Bytes(3, 1_000)];
        await store.SaveAsync(_partition, 2, longer, Cancel);
        var second = await ChunksAsync(2);

        Assert.Equal(first.Count - 1, second.Intersect(first).Count());
        Assert.Equal(longer, (await store.LoadAsync(_partition, 2, Cancel)).ToArray());
        Assert.Equal(state, (await store.LoadAsync(_partition, 1, Cancel)).ToArray());

        var other = Bytes(4, ContentChunks.Longest);
        for (var sequence = 3; sequence <= 5; sequence++)
        {
            await store.SaveAsync(_partition, sequence, other, Cancel);
        }

        Assert.Equal(await ChunksAsync(5), await ChunksAsync(3));
        Assert.All(await Task.WhenAll(first.Union(second).Select(ExistsAsync)), Assert.False);
        Assert.All(await Task.WhenAll((await ChunksAsync(5)).Select(ExistsAsync)), Assert.True);
    }

    [Fact]
    public async Task Save_ByAnOwnerThatDoesNotKnowItLostThePartition_TakesNothingAwayFromTheNewOne()
    {
        var (old, next) = (await shared.OpenAsync(), await shared.OpenAsync());
        var state = Bytes(5, ContentChunks.Longest * 4);
        for (var sequence = 1; sequence <= 3; sequence++)
        {
            await old.SaveAsync(_partition, sequence, state, Cancel);
        }

        Assert.Equal([3, 2, 1], await next.ListAsync(_partition, Cancel));
        for (var sequence = 4; sequence <= 8; sequence++)
        {
            await next.SaveAsync(_partition, sequence, state, Cancel);
            await old.SaveAsync(_partition, sequence, Bytes(sequence, 100), Cancel);
        }

        // Whoever was last is there under a sequence; all of them are whole.
        await next.SaveAsync(_partition, 9, state, Cancel);
        var sequences = await next.ListAsync(_partition, Cancel);
        Assert.Equal([9, 8, 7], sequences);
        Assert.Equal(state, (await next.LoadAsync(_partition, 9, Cancel)).ToArray());
        Assert.Equal(Bytes(8, 100), (await next.LoadAsync(_partition, 8, Cancel)).ToArray());
    }

    [Fact]
    public async Task Save_CheckpointsOfAVersionWithoutParts_AreReadAndRemoved()
    {
        var store = await shared.OpenAsync();
        var id = Guid.NewGuid();
        await store.ListAsync(_partition, Cancel);
        await shared.RowsAsync($"INSERT INTO {{0}}.checkpoint_chunks (chunks_id, chunk, data) VALUES ({id}, 0, 0x0102)");
        await shared.RowsAsync($"INSERT INTO {{0}}.checkpoint_chunks (chunks_id, chunk, data) VALUES ({id}, 1, 0x03)");
        await shared.RowsAsync(
            $"INSERT INTO {{0}}.checkpoints (group_name, topic, partition, sequence, chunks_id, chunk_count, length) VALUES ('group', '{_partition.Topic}', 2, 1, {id}, 2, 3)");

        Assert.Equal([1, 2, 3], (await store.LoadAsync(_partition, 1, Cancel)).ToArray());
        for (var sequence = 2; sequence <= 4; sequence++)
        {
            await store.SaveAsync(_partition, sequence, new byte[] { 7 }, Cancel);
        }

        Assert.Equal([4, 3, 2], await store.ListAsync(_partition, Cancel));
        Assert.False(await ExistsAsync(new ChunkName(id, 0)));
        Assert.False(await ExistsAsync(new ChunkName(id, 1)));
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

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private async Task<IReadOnlyList<ChunkName>> ChunksAsync(long sequence)
        => CheckpointEntry.Of(Assert.Single(await shared.RowsAsync(
            $"SELECT {CheckpointEntry.Columns} FROM {{0}}.checkpoints WHERE group_name = 'group' AND topic = '{_partition.Topic}' AND partition = 2 AND sequence = {sequence}"))).Chunks;

    private async Task<bool> ExistsAsync(ChunkName chunk)
        => (await shared.RowsAsync($"SELECT chunk FROM {{0}}.checkpoint_chunks WHERE chunks_id = {chunk.ChunksId} AND chunk = {chunk.Number}")).Count > 0;

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
