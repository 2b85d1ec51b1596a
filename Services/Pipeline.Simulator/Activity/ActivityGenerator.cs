using Pipeline.Contracts;
using Pipeline.Simulator.People;
using EventId = Pipeline.Contracts.EventId;

namespace Pipeline.Simulator.Activity;

/// <summary>
/// Simulates what known users do, in event time: sessions start as a Poisson process; a session is a login, then events with log-normal gaps, then
/// mostly a logout. Each event gets an arrival time, most at once, some out of order or late, some twice. Pure: the same options, start, users and
/// times of adding them give the same arrivals, however the time is cut into calls of <see cref="Advance"/>. Not thread-safe.
/// </summary>
internal sealed class ActivityGenerator
{
    public const string Source = "activity-generator";

    private const double LogoutShare = 0.7;
    private const long MinGap = 50;
    private const long MaxRetryDelay = 2_000;

    private readonly ActivityOptions _options;
    private readonly KnownUsers _users;
    private readonly double _sessionsPerMs;
    private readonly PriorityQueue<Session, (long Time, long Order)> _steps = new();
    private readonly PriorityQueue<ActivityArrival, (long Time, long Order)> _arrivals = new();
    private Xoshiro256 _random;
    private long _order;
    private long _nextSession;

    /// <param name="start">Unix ms of the first moment that is simulated.</param>
    public ActivityGenerator(ActivityOptions options, KnownUsers users, long start)
    {
        _options = options;
        _users = users;
        _sessionsPerMs = options.EventsPerSecond / options.EventsPerSession / 1_000;
        _random = new Xoshiro256(new SeedKey((ulong)options.Seed, (ulong)start, 0, 0), 0);
        _nextSession = start;
        ScheduleSession();
    }

    /// <summary>Adds everything that arrives before <paramref name="until"/> (Unix ms) and was not taken yet, in order of arrival.</summary>
    public void Advance(long until, ICollection<ActivityArrival> arrivals)
    {
        while (true)
        {
            var hasStep = _steps.TryPeek(out _, out var step);
            if (hasStep && step.Time < _nextSession)
            {
                if (step.Time >= until)
                {
                    break;
                }

                Continue(_steps.Dequeue(), step.Time);
            }
            else if (_nextSession < until)
            {
                StartSession(_nextSession);
                ScheduleSession();
            }
            else
            {
                break;
            }
        }

        // Nothing arrives before it happened, so all that arrives before this moment is known by now.
        while (_arrivals.TryPeek(out var arrival, out var due) && due.Time < until)
        {
            _arrivals.Dequeue();
            arrivals.Add(arrival);
        }
    }

    /// <summary>The next start of a session. The process runs at its busiest rate; <see cref="StartSession"/> thins it to the hour's.</summary>
    private void ScheduleSession()
    {
        var wait = -Math.Log(1 - _random.NextDouble()) / (_sessionsPerMs * (1 + _options.DiurnalAmplitude));
        _nextSession += (long)Math.Max(1, Math.Min(wait, int.MaxValue));
    }

    private void StartSession(long time)
    {
        var hour = time / 3_600_000.0 % 24;
        var busy = 1 + (_options.DiurnalAmplitude * Math.Cos((hour - 20) / 12 * Math.PI));
        if (_random.NextDouble() * (1 + _options.DiurnalAmplitude) >= busy || !_users.TryPick(ref _random, out var user))
        {
            return;
        }

        user.IsActive = true;
        var session = new Session(user, ActivityScript.SessionId(ref _random), ActivityScript.Device(ref _random), Steps());
        Emit(session, time, EventType.Login, "/login", null);
        _steps.Enqueue(session, (time + Gap(), _order++));
    }

    /// <summary>Events after the login: geometric, so that login, these and the logout of most sessions make the mean of the options.</summary>
    private int Steps()
    {
        var mean = Math.Max(0, _options.EventsPerSession - 1 - LogoutShare);
        return (int)Math.Min(1_000_000, Math.Log(1 - _random.NextDouble()) / Math.Log(mean / (1 + mean)));
    }

    private void Continue(Session session, long time)
    {
        if (session.StepsLeft-- > 0)
        {
            var (type, page, detail) = ActivityScript.Step(ref _random);
            Emit(session, time, type, page, detail);
            _steps.Enqueue(session, (time + Gap(), _order++));
            return;
        }

        if (_random.NextDouble() < LogoutShare)
        {
            Emit(session, time, EventType.Logout, "/logout", null);
        }

        session.User.IsActive = false;
        session.User.LastSeen = time;
    }

    private long Gap()
    {
        // Box–Muller; 1 − u keeps the logarithm away from zero.
        var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
        var gap = _options.MedianGap.TotalMilliseconds * Math.Exp(_options.GapSigma * normal);
        return (long)Math.Clamp(gap, Math.Min(MinGap, _options.MaxGap.TotalMilliseconds), _options.MaxGap.TotalMilliseconds);
    }

    private void Emit(Session session, long time, EventType type, string page, string? detail)
    {
        var activity = new ActivityEvent
        {
            EventId = EventId.ForActivity(session.User.Id, type, time),
            UserId = session.User.Id,
            EventType = type,
            EventTime = time,
            Source = Source,
            SessionHint = session.Id,
            Page = page,
            Device = session.Device,
            Detail = detail,
        };
        var poison = _random.NextDouble() < _options.PoisonRate ? (PoisonKind)_random.Range(1, Enum.GetValues<PoisonKind>().Length - 1) : PoisonKind.None;
        var arrival = time + Delay();
        Arrive(new ActivityArrival(arrival, activity, IsDuplicate: false, poison));
        if (_random.NextDouble() < _options.DuplicateRate)
        {
            Arrive(new ActivityArrival(arrival + _random.Range(1L, MaxRetryDelay), activity, IsDuplicate: true, poison));
        }
    }

    private long Delay()
    {
        var chance = _random.NextDouble();
        if (chance < _options.LateRate)
        {
            return _random.Range((long)_options.MinLateness.TotalMilliseconds, (long)_options.MaxLateness.TotalMilliseconds);
        }

        return chance < _options.LateRate + _options.OutOfOrderRate ? _random.Range(0L, (long)_options.MaxOutOfOrderness.TotalMilliseconds) : 0;
    }

    private void Arrive(ActivityArrival arrival) => _arrivals.Enqueue(arrival, (arrival.ArrivalTime, _order++));

    private sealed class Session(KnownUsers.User user, string id, string device, int steps)
    {
        public KnownUsers.User User { get; } = user;

        public string Id { get; } = id;

        public string Device { get; } = device;

        public int StepsLeft { get; set; } = steps;
    }
}
