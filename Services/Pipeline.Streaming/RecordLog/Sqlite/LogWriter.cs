using System.Threading.Channels;
using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// Group commit: one thread takes all requests that wait, writes them in one transaction with one wait for the disk, and only
/// then answers them. While the disk is busy the next requests gather, so the more there is to do the larger the groups.
/// </summary>
internal sealed class LogWriter : IAsyncDisposable
{
    private const int MaxRequests = 1024;
    private const int MaxGroupBytes = 16 << 20;

    /// <summary>How long the file is left alone between two commits while other processes append too; they look every millisecond.</summary>
    private static readonly TimeSpan PoliteGap = TimeSpan.FromMilliseconds(2);

    // Full: the caller waits, for as long as the disk is slower than what comes in. Requests hold no copies, their memory is the callers'.
    private readonly Channel<LogRequest> _requests = Channel.CreateBounded<LogRequest>(
        new BoundedChannelOptions(MaxRequests) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<LogRequest> _group = [];
    private readonly LogTransaction _transaction;
    private readonly Action _onCommit;
    private long _othersCommits = -1;
    private bool _othersAppend;

    /// <param name="database">The one connection of this process that writes; the writer owns it.</param>
    /// <param name="onCommit">Called after every commit, on the writer's thread.</param>
    public LogWriter(SqliteDatabase database, SegmentFiles files, bool durable, Action onCommit)
    {
        _transaction = new LogTransaction(database, files, durable);
        _onCommit = onCommit;
        new Thread(Run) { IsBackground = true, Name = "record log writer" }.Start();
    }

    public Task<T> DoAsync<T>(Func<LogTransaction, T> work, CancellationToken cancellationToken) => DoAsync(new LogOperation<T>(work), cancellationToken);

    /// <exception cref="RecordLogException">It was refused, or could not be written; nothing of it was.</exception>
    public async Task<T> DoAsync<T>(LogRequest<T> request, CancellationToken cancellationToken)
    {
        try
        {
            await _requests.Writer.WriteAsync(request, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(SqliteRecordLog));
        }

        await using var registration = cancellationToken.UnsafeRegister(static (r, token) => ((LogRequest<T>)r!).Cancel(token), request);
        return await request.Done;
    }

    /// <summary>Writes what has been asked for so far, then closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _stopped.Task;
    }

    private void Run()
    {
        try
        {
            while (WaitForRequest())
            {
                TakeGroup();
                WriteGroup();
                if (_othersAppend)
                {
                    SpinWait.SpinUntil(static () => false, PoliteGap);
                }
            }
        }
        finally
        {
            _transaction.Dispose();
            _stopped.SetResult();
        }
    }

    /// <summary>This thread has nothing else to do, so it may block.</summary>
    private bool WaitForRequest()
    {
        var wait = _requests.Reader.WaitToReadAsync();
        return wait.IsCompletedSuccessfully ? wait.GetAwaiter().GetResult() : wait.AsTask().GetAwaiter().GetResult();
    }

    private void TakeGroup()
    {
        _group.Clear();
        for (var bytes = 0L; bytes < MaxGroupBytes && _group.Count < MaxRequests && _requests.Reader.TryRead(out var request);)
        {
            if (request.TryTake())
            {
                _group.Add(request);
                bytes += request.Bytes;
            }
        }
    }

    private void WriteGroup()
    {
        if (TryWrite(_group) is not { } failure)
        {
            return;
        }

        // What was too much together may fit alone: a nearly full disk must not refuse a small commit because of a large append.
        var oneByOne = _group.Count > 1 && failure.InnerException is SqliteFaultException { Kind: SqliteFaultKind.Full };
        foreach (var request in _group)
        {
            if ((oneByOne ? TryWrite([request]) : failure) is { } reason)
            {
                request.Fail(reason);
            }
        }
    }

    /// <summary>Whether another process has committed since this one did last.</summary>
    private void NoticeOthers()
    {
        var version = _transaction.Log.DataVersion();
        _othersAppend = _othersCommits >= 0 && version != _othersCommits;
        _othersCommits = version;
    }

    /// <summary>Writes and answers requests in one transaction, or answers nothing and says why.</summary>
    private RecordLogException? TryWrite(List<LogRequest> requests)
    {
        if (requests.Count == 0)
        {
            return null;
        }

        var refused = new List<(LogRequest Request, RecordLogException Reason)>();
        try
        {
            using var transaction = _transaction.Database.BeginImmediate();
            NoticeOthers();
            foreach (var request in requests)
            {
                try
                {
                    request.Apply(_transaction);
                }
                catch (RecordLogException e)
                {
                    refused.Add((request, e));
                }
            }

            _transaction.Flush();
            transaction.Commit();
            _transaction.Committed();
        }
        catch (SqliteFaultException e)
        {
            _transaction.Reset();
            return LogFaults.Translate(e);
        }

        foreach (var (request, reason) in refused)
        {
            request.Fail(reason);
        }

        foreach (var request in requests)
        {
            // A refused one has been answered; this has no effect on it then.
            request.Complete();
        }

        _onCommit();
        return null;
    }
}
