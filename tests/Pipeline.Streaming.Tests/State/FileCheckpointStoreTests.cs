using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.State;

public sealed class FileCheckpointStoreTests : IDisposable
{
    private static readonly TopicPartition Partition = new("users_topic", 2);
    private readonly TempDirectory _directory = new();
    private readonly FileCheckpointStore _store;

    public FileCheckpointStoreTests() => _store = new FileCheckpointStore(_directory.FullPath, "group");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Save_ManyCheckpoints_KeepsTheLastThree()
    {
        for (var sequence = 1; sequence <= 5; sequence++)
        {
            await _store.SaveAsync(Partition, sequence, new byte[] { (byte)sequence }, Token);
        }

        Assert.Equal([5, 4, 3], await _store.ListAsync(Partition, Token));
        Assert.Equal([4], (await _store.LoadAsync(Partition, 4, Token)).ToArray());
    }

    [Fact]
    public async Task Save_Checkpoint_LiesWhereTheLayoutSays()
    {
        await _store.SaveAsync(Partition, 7, new byte[] { 1 }, Token);
        Assert.True(File.Exists(Path.Combine(_directory.FullPath, "group", "users_topic-2", "00000000000000000007.ckpt")));
    }

    [Fact]
    public async Task List_HalfWrittenFileOfACrash_IsNotSeen()
    {
        await _store.SaveAsync(Partition, 1, new byte[] { 1 }, Token);
        await File.WriteAllBytesAsync(Path.Combine(_directory.FullPath, "group", "users_topic-2", "00000000000000000002.ckpt.tmp"), [1], Token);
        Assert.Equal([1], await _store.ListAsync(Partition, Token));
    }

    [Fact]
    public async Task Save_DirectoryIsAFile_SaysWhichFileCouldNotBeWritten()
    {
        await File.WriteAllTextAsync(_directory.File("blocked"), "", Token);
        var store = new FileCheckpointStore(_directory.File("blocked"), "group");
        var failure = await Assert.ThrowsAsync<CheckpointException>(async () => await store.SaveAsync(Partition, 1, new byte[] { 1 }, Token));
        Assert.False(failure.IsTransient);
        Assert.Contains("00000000000000000001.ckpt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_DiskIsFull_IsTransientKeepsTheOnesBeforeAndWorksWhenThereIsRoom()
    {
        const string FullDisk = "/dev/full";
        Assert.SkipUnless(File.Exists(FullDisk), "this system has no device that is always full");
        await _store.SaveAsync(Partition, 1, new byte[] { 1 }, Token);
        var temporary = Path.Combine(_directory.FullPath, "group", "users_topic-2", "00000000000000000002.ckpt.tmp");
        File.CreateSymbolicLink(temporary, FullDisk);

        var failure = await Assert.ThrowsAsync<CheckpointException>(async () => await _store.SaveAsync(Partition, 2, new byte[] { 2 }, Token));
        var kept = await _store.ListAsync(Partition, Token);
        File.Delete(temporary);
        await _store.SaveAsync(Partition, 2, new byte[] { 2 }, Token);

        Assert.True(failure.IsTransient);
        Assert.Contains("00000000000000000002.ckpt", failure.Message, StringComparison.Ordinal);
        Assert.Equal([1], kept);
        Assert.Equal([2, 1], await _store.ListAsync(Partition, Token));
    }

    [Fact]
    public async Task Clear_Checkpoints_ForgetsThem()
    {
        await _store.SaveAsync(Partition, 1, new byte[] { 1 }, Token);
        await _store.ClearAsync(Partition, Token);
        Assert.Empty(await _store.ListAsync(Partition, Token));
    }
}
