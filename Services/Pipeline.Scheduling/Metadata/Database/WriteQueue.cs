using System.Data.Common;
using System.Threading.Channels;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// The one writer of this process. Writes that wait at the same time share a transaction, so that under load they share the wait for the disk
/// as well: alone, each would cost one. A write that fails rolls the others back with it; they then run again, each by itself.
/// A write is therefore a function of the database and its arguments, and may run twice. Writes of one <see cref="SharedWrite{TItem,TResult}"/> share
/// their statements too.
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
        var pending = new SingleWrite<T>(write, cancellationToken);
        await _pending.Writer.WriteAsync(pending, cancellationToken);
        return await pending.Task;
    }

    /// <inheritdoc cref="RunAsync{T}(Func{MetadataSession, T}, CancellationToken)"/>
    public async Task<TResult> RunAsync<TItem, TResult>(SharedWrite<TItem, TResult> kind, TItem item, CancellationToken cancellationToken)
    {
        var pending = new ItemWrite<TItem, TResult>(kind, item, cancellationToken);
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

                // Nobody has been answered yet, so that any order is a right one.
                foreach (var alike in batch.GroupBy(pending => pending.Kind).OrderBy(alike => alike.First().Order))
                {
                    alike.First().Run(session, [.. alike]);
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
        /// <summary>What it is run together with: itself alone, unless others are of its kind.</summary>
        public virtual object Kind => this;

        public virtual int Order => 0;

        public abstract bool IsCancelled();

        /// <summary>Runs this write and the others of its kind.</summary>
        /// <param name="alike">All of them, this one among them.</param>
        public abstract void Run(MetadataSession session, IReadOnlyList<PendingWrite> alike);

        public abstract void Complete();

        public abstract void Fail(Exception fault);
    }

    private abstract class PendingWrite<T>(CancellationToken cancellationToken) : PendingWrite
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => _completion.Task;

        protected T Result { get; set; } = default!;

        /// <summary>Only before it has begun: later its outcome would be unknown.</summary>
        public override bool IsCancelled() => cancellationToken.IsCancellationRequested && _completion.TrySetCanceled(cancellationToken);

        public override void Complete() => _completion.TrySetResult(Result);

        public override void Fail(Exception fault) => _completion.TrySetException(fault);
    }

    private sealed class SingleWrite<T>(Func<MetadataSession, T> write, CancellationToken cancellationToken) : PendingWrite<T>(cancellationToken)
    {
        public override void Run(MetadataSession session, IReadOnlyList<PendingWrite> alike) => Result = write(session);
    }

    private sealed class ItemWrite<TItem, TResult>(SharedWrite<TItem, TResult> kind, TItem item, CancellationToken cancellationToken) : PendingWrite<TResult>(cancellationToken)
    {
        public override object Kind => kind;

        public override int Order => kind.Order;

        private TItem Item => item;

        public override void Run(MetadataSession session, IReadOnlyList<PendingWrite> alike)
        {
            var writes = alike.Cast<ItemWrite<TItem, TResult>>().ToList();
            foreach (var (pending, result) in writes.Zip(kind.Write(session, [.. writes.Select(pending => pending.Item)])))
            {
                pending.Result = result;
            }
        }
    }
}
