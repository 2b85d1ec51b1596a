using System.Data.Common;
using System.Threading.Channels;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// The one writer of this process. Writes that wait at the same time share a transaction, so that under load they share the wait for the disk
/// as well: alone, each would cost one. A write that fails rolls the others back with it; they then run again, each by itself.
/// A write is therefore a function of the database and its arguments, and may run twice.
/// </summary>
internal sealed class WriteQueue : IAsyncDisposable
{
    private const int MostAtOnce = 64;

    private readonly MetadataDialect _dialect;
    private readonly Task _loop;

    // Waits when full: the callers are the executor and the API, and both may wait for the database.
    private readonly Channel<PendingWrite> _pending = Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(1024)
    {
        FullMode = BoundedChannelFullMode.Wait,
        SingleReader = true,
    });

    private DbConnection? _connection;

    public WriteQueue(MetadataDialect dialect)
    {
        _dialect = dialect;
        _loop = Task.Run(RunAsync);
    }

    /// <exception cref="MetadataStoreException">The database failed. When the connection broke at the commit, nobody knows whether it was written.</exception>
    public async Task<T> RunAsync<T>(Func<MetadataSession, T> write, CancellationToken cancellationToken)
    {
        var pending = new PendingWrite<T>(write, cancellationToken);
        await _pending.Writer.WriteAsync(pending, cancellationToken);
        return await pending.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _loop;
        _connection?.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<PendingWrite>(MostAtOnce);
        while (await _pending.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MostAtOnce && _pending.Reader.TryRead(out var pending))
            {
                if (!pending.IsCancelled())
                {
                    batch.Add(pending);
                }
            }

            if (batch.Count > 0 && Commit(batch) is { } failed)
            {
                RunEach(batch, failed);
            }
        }
    }

    private void RunEach(List<PendingWrite> batch, Exception failed)
    {
        var together = batch.Count > 1;
        foreach (var pending in batch)
        {
            // A database that does not answer would let every one of them wait for as long again.
            var fault = together && _dialect.Translate(failed) is not { IsUnreachable: true } ? Commit([pending]) : failed;
            if (fault is not null)
            {
                pending.Fail(_dialect.Translate(fault) ?? fault);
                failed = fault;
            }
        }
    }

    /// <summary>Runs the writes in one transaction. Returns what went wrong; then nothing of them stays.</summary>
    private Exception? Commit(List<PendingWrite> batch)
    {
        try
        {
            _connection ??= _dialect.Open();
            using (var transaction = _dialect.BeginWrite(_connection))
            {
                var session = new MetadataSession(_connection, transaction, _dialect);
                foreach (var pending in batch)
                {
                    pending.Run(session);
                }

                transaction.Commit();
            }

            batch.ForEach(pending => pending.Complete());
            return null;
        }
        catch (Exception fault)
        {
            if (_dialect.Translate(fault) is not null)
            {
                // A connection that saw a fault may be broken or hold a stale view; the next write opens a fresh one.
                _connection?.Dispose();
                _connection = null;
            }

            return fault;
        }
    }

    private abstract class PendingWrite
    {
        public abstract bool IsCancelled();

        public abstract void Run(MetadataSession session);

        public abstract void Complete();

        public abstract void Fail(Exception fault);
    }

    private sealed class PendingWrite<T>(Func<MetadataSession, T> write, CancellationToken cancellationToken) : PendingWrite
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _completion.Task;

        /// <summary>Only before it has begun: later its outcome would be unknown.</summary>
        public override bool IsCancelled() => cancellationToken.IsCancellationRequested && _completion.TrySetCanceled(cancellationToken);

        public override void Run(MetadataSession session) => _result = write(session);

        public override void Complete() => _completion.TrySetResult(_result);

        public override void Fail(Exception fault) => _completion.TrySetException(fault);
    }
}
