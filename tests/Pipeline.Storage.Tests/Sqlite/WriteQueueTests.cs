using System.Collections.Concurrent;
using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>Writes that wait for each other. The queue opens its file inside the gate, so a test that holds the opening holds the gate, and knows it.</summary>
public sealed class WriteQueueTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly SemaphoreSlim _opening = new(0);
    private readonly BlockingCollection<Exception?> _answers = [];
    private readonly WriteQueue _writes;
    private readonly SqliteResultStore _store;

    public WriteQueueTests()
    {
        _store = SqliteStores.Create(_directory.FullPath);
        _writes = new WriteQueue(() =>
        {
            _opening.Release();
            return _answers.Take(Cancel) is { } fault
                ? throw fault
                : new ResultWriter(ResultsFile.OpenToWrite(SqliteStores.FileIn(_directory.FullPath), durable: false, TimeSpan.FromSeconds(20)));
        });
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _store.InitializeAsync(Cancel);

    public async ValueTask DisposeAsync()
    {
        _writes.Dispose();
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Write_CancelledWhileItWaits_IsNotWritten()
    {
        using var cancel = new CancellationTokenSource();
        var first = Task.Run(() => WriteAsync(0), Cancel);
        await GateIsHeldAsync();
        var second = WriteAsync(1, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        _answers.Add(null, Cancel);
        await first;
        Assert.Equal([0], await WrittenAsync());
    }

    [Fact]
    public async Task Write_CancelledWhileAnotherWritesIt_EndsWhenItIsWritten()
    {
        using var cancel = new CancellationTokenSource();
        var failing = Task.Run(() => WriteAsync(0), Cancel);
        await GateIsHeldAsync();
        var second = WriteAsync(1);
        var third = WriteAsync(2, cancel.Token);
        _answers.Add(new SqliteFaultException(SqliteFaultKind.CantOpen, "results.db", "results.db cannot be opened."), Cancel);
        await Assert.ThrowsAsync<StorageException>(() => failing);
        await GateIsHeldAsync();

        await cancel.CancelAsync();
        Assert.False(third.IsCompleted);

        _answers.Add(null, Cancel);
        await Task.WhenAll(second, third);
        Assert.Equal([1, 2], await WrittenAsync());
    }

    [Fact]
    public async Task Write_GroupWithOneBadBatch_OnlyThatOneFails()
    {
        var first = Task.Run(() => WriteAsync(0), Cancel);
        await GateIsHeldAsync();
        var group = new[] { WriteAsync(1), WriteAsync(2, nationality: null), WriteAsync(3) };

        _answers.Add(null, Cancel);
        await Task.WhenAll([first, group[0], group[2]]);

        await Assert.ThrowsAsync<StorageException>(() => group[1]);
        Assert.Equal([0, 1, 3], await WrittenAsync());
        Assert.Equal(3, (await _store.QueryEventsAsync(new EventQuery(), Cancel)).Items.Count);
    }

    private Task GateIsHeldAsync() => _opening.WaitAsync(Cancel);

    private Task WriteAsync(int partition, CancellationToken? cancel = null, string? nationality = "IE")
        => _writes.WriteAsync(Batch(1, partition: partition).With(Event(0, partition: partition) with { Nationality = nationality! }), cancel ?? Cancel).AsTask();

    private async Task<IEnumerable<int>> WrittenAsync() => (await _store.GetProgressAsync(Cancel)).Select(p => p.Partition);
}
