using Microsoft.Extensions.Options;

namespace Pipeline.Ingest.RandomUser;

/// <summary>
/// Keeps to the API's limit from this side: waits until as many users may be asked for, over all runs of this process. A
/// sliding window, so that it holds however the API's own windows lie. The API's 429 covers what other processes ask for.
/// </summary>
internal sealed class UserRateLimiter(IOptions<IngestOptions> options, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Queue<(long At, int Users)> _granted = new();
    private int _inWindow;

    public async Task AcquireAsync(int users, Action<TimeSpan> waiting, CancellationToken cancellationToken)
    {
        // First come, first served: who waits for a lot is not overtaken for ever by who wants little.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                Forget();
                if (_inWindow + users <= options.Value.RateLimitUsers || _granted.Count == 0)
                {
                    break;
                }

                var wait = options.Value.RateLimitWindow - clock.GetElapsedTime(_granted.Peek().At);
                waiting(wait);
                await Task.Delay(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1), clock, cancellationToken);
            }

            _granted.Enqueue((clock.GetTimestamp(), users));
            _inWindow += users;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private void Forget()
    {
        while (_granted.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At) >= options.Value.RateLimitWindow)
        {
            _inWindow -= _granted.Dequeue().Users;
        }
    }
}
