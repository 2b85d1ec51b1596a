using System.Security.Claims;
using System.Threading.RateLimiting;
using Pipeline.Dashboard.Page;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Live;

/// <summary>
/// Who acts from a page. Every action asks here first: the role is checked again, whatever buttons the page showed, and nobody acts faster
/// than a person does, where those who did not sign in are told apart by their addresses. What comes back stands in the audit log.
/// </summary>
internal sealed class PageActors : IDisposable
{
    /// <summary>Actions of one person in a minute.</summary>
    public const int PerMinute = 30;

    private const int MaxReason = 1000;

    // Made for the first action: it looks at its partitions ten times a second from then on.
    private readonly Lazy<PartitionedRateLimiter<string>> _limiter = new(() => PartitionedRateLimiter.Create<string, string>(person => RateLimitPartition.GetTokenBucketLimiter(
        person,
        _ => new TokenBucketRateLimiterOptions { TokenLimit = PerMinute, TokensPerPeriod = PerMinute, ReplenishmentPeriod = TimeSpan.FromMinutes(1) })));

    /// <param name="caller">Whose actions are counted, see <see cref="PageLimits.CallerOf"/>.</param>
    /// <exception cref="ActionRefusedException">The person may not, or has acted too often.</exception>
    public Actor Begin(ClaimsPrincipal person, string caller, string role, string? reason)
    {
        var name = person.Identity?.Name ?? ApiRoles.Anonymous;
        if (!ApiRoles.Holds(person, role))
        {
            throw new ActionRefusedException($"This needs the role {role}; '{name}' does not have it.");
        }

        using var lease = _limiter.Value.AttemptAcquire(caller);
        if (!lease.IsAcquired)
        {
            throw new ActionRefusedException($"That were more than {PerMinute} actions in a minute; wait a little, or use the API for many at once.");
        }

        var trimmed = reason?.Trim() ?? "";
        return new Actor(name, trimmed.Length == 0 ? null : trimmed[..Math.Min(trimmed.Length, MaxReason)], TriggeredBy.Ui);
    }

    public void Dispose()
    {
        if (_limiter.IsValueCreated)
        {
            _limiter.Value.Dispose();
        }
    }
}

/// <summary>A person's action was not begun; the message is a sentence for them.</summary>
internal sealed class ActionRefusedException(string message) : Exception(message);
