using System.Collections.Concurrent;

namespace Pipeline.Storage.Sqlite;

/// <summary>Connections for reading. Readers never wait for the writer; more of them than there are cores would only cost memory.</summary>
internal sealed class ReaderPool(Func<ResultReader> open) : IDisposable
{
    private const int Size = 4;

    private readonly SemaphoreSlim _free = new(Size, Size);
    private readonly ConcurrentBag<ResultReader> _idle = [];

    public async ValueTask<T> ReadAsync<T>(Func<ResultReader, T> query, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        ResultReader? reader = null;
        try
        {
            reader = _idle.TryTake(out var idle) ? idle : open();
            var result = reader.Read(query);
            _idle.Add(reader);
            reader = null;
            return result;
        }
        catch (Exception e) when (Faults.IsStorageFault(e))
        {
            throw Faults.Translate(e);
        }
        finally
        {
            // After a fault the connection is not used again: the next one looks at the file afresh.
            reader?.Dispose();
            _free.Release();
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _free.Dispose();
    }
}
