using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Storage.Tests;

/// <summary>What every result store must do. An implementation derives and says how its stores are opened.</summary>
public abstract partial class ResultStoreConformance : IAsyncLifetime
{
    private readonly List<IResultStore> _opened = [];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(TestRows.Start));

    protected StorageOptions Options { get; } = new();

    /// <summary>A store on the database of the running test; each call one more instance on the same one.</summary>
    protected abstract IResultStore Create();

    /// <summary>Opens an instance, initialized, and disposed after the test.</summary>
    protected async Task<IResultStore> OpenAsync()
    {
        var store = Create();
        _opened.Add(store);
        await store.InitializeAsync(Cancel);
        return store;
    }

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>All pages of a listing, and that each but the last is full.</summary>
    protected static async Task<List<T>> AllPagesAsync<T>(int limit, Func<string?, ValueTask<Page<T>>> query)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var page = await query(cursor);
            all.AddRange(page.Items);
            cursor = page.Cursor;
            Assert.True(cursor is null || page.Items.Count == limit, "Only the last page may be short.");
        }
        while (cursor is not null);

        return all;
    }
}
