using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary>
/// One writer at a time, and group commit: whoever gets the gate writes everything that waits, in one transaction and one
/// flush to disk. There is no thread of its own; the queue is bounded by the number of partitions, since each writes one batch at a time.
/// </summary>
internal sealed class WriteQueue(Func<ResultWriter> open) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _lock = new();
    private List<PendingWrite> _pending = [];
    private ResultWriter? _writer;

    public async ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken)
    {
        var write = new PendingWrite(batch);
        lock (_lock)
        {
            _pending.Add(write);
        }

        try
        {
            await _gate.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (Withdraw(write))
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            // Somebody is writing it now, and the batch must not be touched before that is over.
            await _gate.WaitAsync(CancellationToken.None);
        }

        try
        {
            if (!write.IsDone)
            {
                WriteGroup(TakePending());
            }
        }
        finally
        {
            _gate.Release();
        }

        if (write.Error is not null)
        {
            throw Faults.Translate(write.Error);
        }
    }

    /// <summary>Does something else with the writer, alone.</summary>
    public async ValueTask<T> RunAsync<T>(Func<ResultWriter, T> action, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return Run(action);
        }
        catch (Exception e) when (Faults.IsStorageFault(e))
        {
            throw Faults.Translate(e);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _gate.Dispose();
    }

    private bool Withdraw(PendingWrite write)
    {
        lock (_lock)
        {
            return _pending.Remove(write);
        }
    }

    private List<PendingWrite> TakePending()
    {
        lock (_lock)
        {
            var taken = _pending;
            _pending = [];
            return taken;
        }
    }

    private void WriteGroup(List<PendingWrite> group)
    {
        var error = TryWrite(group);
        if (error is not null && group.Count > 1)
        {
            // One bad batch must not fail its neighbours.
            foreach (var write in group)
            {
                write.Error = TryWrite([write]) ?? write.Error;
            }
        }
        else if (error is not null)
        {
            group[0].Error = error;
        }

        foreach (var write in group)
        {
            write.IsDone = true;
        }
    }

    private Exception? TryWrite(List<PendingWrite> writes)
    {
        try
        {
            Run(writer =>
            {
                writer.Write(writes);
                return true;
            });
            return null;
        }
        catch (Exception e)
        {
            // Handed to the caller whose batch it was.
            return e;
        }
    }

    private T Run<T>(Func<ResultWriter, T> action)
    {
        try
        {
            return action(_writer ??= open());
        }
        catch (SqliteFaultException e) when (!e.IsTransient && e.Kind != SqliteFaultKind.Constraint)
        {
            // The file may have been repaired or replaced when the next write comes: start from its name again.
            _writer?.Dispose();
            _writer = null;
            throw;
        }
    }
}
