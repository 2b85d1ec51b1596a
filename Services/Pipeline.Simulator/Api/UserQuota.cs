using Microsoft.Extensions.Options;

namespace Pipeline.Simulator.Api;

/// <summary>
/// The rate limit of the genuine service: users, not calls, are counted per client in windows that start with the service. The check comes before
/// the call is counted, so the call that crosses the limit is still answered. Safe for concurrent use.
/// </summary>
internal sealed class UserQuota
{
    // Bounds the memory of one window; clients beyond it share one count.
    private const int MaxClients = 65_536;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _users = [];
    private readonly IOptionsMonitor<SimulatorOptions> _options;
    private readonly TimeProvider _time;
    private long _windowStart;

    public UserQuota(IOptionsMonitor<SimulatorOptions> options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _windowStart = time.GetTimestamp();
    }

    /// <summary>How many users the client has had in this window, when that is too many; else null.</summary>
    public long? Exceeded(string client)
    {
        var limit = _options.CurrentValue.RateLimit;
        if (!limit.Enabled)
        {
            return null;
        }

        lock (_lock)
        {
            Roll(limit.Window);
            var users = _users.GetValueOrDefault(Key(client));
            return users >= limit.Users ? users : null;
        }
    }

    public void Add(string client, int users)
    {
        if (!_options.CurrentValue.RateLimit.Enabled)
        {
            return;
        }

        lock (_lock)
        {
            var key = Key(client);
            _users[key] = _users.GetValueOrDefault(key) + users;
        }
    }

    private string Key(string client) => _users.Count < MaxClients || _users.ContainsKey(client) ? client : "";

    private void Roll(TimeSpan window)
    {
        var elapsed = _time.GetElapsedTime(_windowStart);
        if (elapsed >= window)
        {
            _users.Clear();
            _windowStart += (long)(Math.Floor(elapsed / window) * window.TotalSeconds * _time.TimestampFrequency);
        }
    }
}
