using System.Diagnostics.Metrics;
using Cassandra;
using Microsoft.Extensions.Logging;
using Pipeline.Storage.Cassandra.Diagnostics;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// Sends requests that may be sent twice, as many at once as <see cref="ConcurrencyLimit"/> allows over all callers. One that
/// fails for overload is sent again, twice at most; then the caller gets the fault, and its own pause.
/// </summary>
internal sealed class RequestSender : IDisposable
{
    private const int Attempts = 3;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private readonly CassandraClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrencyLimit _limit;
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private readonly Lock _gate = new();
    private readonly Meter _meter = new("Pipeline.Storage.Cassandra");
    private int _inFlight;

    public RequestSender(CassandraClient client, TimeProvider time, ILogger logger)
    {
        _client = client;
        _time = time;
        _logger = logger;
        _limit = new ConcurrencyLimit(client.Options.MaxInFlight);
        _meter.CreateObservableGauge("pipeline.store.concurrency", () => Limit, "{request}", "Writes that may be under way at once, as it was found to be right");
    }

    /// <summary>Requests that may be under way at once, as it was found to be right.</summary>
    public int Limit
    {
        get
        {
            lock (_gate)
            {
                return _limit.Current;
            }
        }
    }

    /// <summary>Sends all; when it returns all are confirmed. The first fault is thrown when nothing is under way any more.</summary>
    /// <exception cref="StorageException">At least one is not confirmed.</exception>
    /// <param name="requests">Enumerated as places get free.</param>
    public async Task SendAsync(IEnumerable<IStatement> requests, CancellationToken cancellationToken)
    {
        var session = await _client.SessionAsync(cancellationToken);
        var group = new Group();
        try
        {
            foreach (var request in requests)
            {
                await EnterAsync();
                if (group.Fault is not null || cancellationToken.IsCancellationRequested)
                {
                    Leave();
                    break;
                }

                group.Begin();
                _ = RunAsync(session, request, group, cancellationToken);
            }
        }
        catch (Exception e)
        {
            // What is under way is waited for all the same.
            group.Fail(e);
        }

        await group.EndAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (group.Fault is { } fault)
        {
            throw Faults.IsStorageFault(fault) ? Faults.Translate(fault) : fault;
        }
    }

    public void Dispose()
    {
        _meter.Dispose();
        lock (_gate)
        {
            while (_waiting.TryDequeue(out var next))
            {
                next.TrySetException(new ObjectDisposedException(nameof(RequestSender)));
            }
        }
    }

    private async Task RunAsync(ISession session, IStatement request, Group group, CancellationToken cancellationToken)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var started = _time.GetTimestamp();
                try
                {
                    await session.ExecuteAsync(request);
                    Answered(_time.GetElapsedTime(started));
                    break;
                }
                catch (Exception e) when (Faults.IsOverload(e))
                {
                    Overloaded();
                    if (attempt == Attempts || cancellationToken.IsCancellationRequested || e is NoHostAvailableException)
                    {
                        throw;
                    }

                    Log.WriteRetried(_logger, attempt + 1, e.Message);
                    await Task.Delay(FirstPause * attempt * (1 + Random.Shared.NextDouble()), _time, cancellationToken);
                }
            }
        }
        catch (Exception e)
        {
            group.Fail(e);
        }
        finally
        {
            Leave();
            group.Done();
        }
    }

    private Task EnterAsync()
    {
        lock (_gate)
        {
            if (_inFlight < _limit.Current)
            {
                _inFlight++;
                return Task.CompletedTask;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(place);
            return place.Task;
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _inFlight--;
            while (_inFlight < _limit.Current && _waiting.TryDequeue(out var next))
            {
                _inFlight++;
                next.TrySetResult();
            }
        }
    }

    private void Answered(TimeSpan duration)
    {
        lock (_gate)
        {
            _limit.Answered(duration, _inFlight);
        }
    }

    private void Overloaded()
    {
        lock (_gate)
        {
            _limit.Overloaded();
        }
    }

    /// <summary>The requests of one call: how many are under way, and the first fault.</summary>
    private sealed class Group
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // One for the caller, who may still begin more.
        private int _open = 1;
        private Exception? _fault;

        public Exception? Fault => Volatile.Read(ref _fault);

        public void Begin() => Interlocked.Increment(ref _open);

        public void Done()
        {
            if (Interlocked.Decrement(ref _open) == 0)
            {
                _end.SetResult();
            }
        }

        public void Fail(Exception fault) => Interlocked.CompareExchange(ref _fault, fault, null);

        public Task EndAsync()
        {
            Done();
            return _end.Task;
        }
    }
}
