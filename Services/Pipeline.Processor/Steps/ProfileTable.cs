using System.Runtime.CompilerServices;
using Pipeline.Contracts;
using Pipeline.Streaming.State;

namespace Pipeline.Processor.Steps;

/// <summary>What activity takes from its user's profile.</summary>
internal readonly record struct ProfileFacts(Nationality Nationality, Gender Gender, short Age);

/// <summary>The last two versions of a user's facts, each from an event time on (Unix ms).</summary>
internal struct ProfileVersions
{
    private const long Never = long.MaxValue;

    public long Since;
    public long SinceBefore;
    public ProfileFacts Facts;
    public ProfileFacts FactsBefore;

    public static ProfileVersions First(long since, ProfileFacts facts) => new() { Since = since, Facts = facts, SinceBefore = Never };

    /// <summary>Adds a version, in any order of event time.</summary>
    public void Add(long since, ProfileFacts facts)
    {
        if (since >= Since)
        {
            if (facts != Facts)
            {
                // Of two at one moment the one that is later in the log counts.
                (SinceBefore, FactsBefore) = since > Since ? (Since, Facts) : (SinceBefore, FactsBefore);
                (Since, Facts) = (since, facts);
            }
        }
        else if (facts == Facts && (SinceBefore == Never || since >= SinceBefore))
        {
            Since = since;
        }
        else if (SinceBefore == Never || since >= SinceBefore)
        {
            // The version before goes on when it is told once more.
            (SinceBefore, FactsBefore) = SinceBefore == Never || facts != FactsBefore ? (since, facts) : (SinceBefore, FactsBefore);
        }
        else if (facts == FactsBefore)
        {
            SinceBefore = since;
        }
    }

    /// <summary>The facts at a time; false when nothing is known of then.</summary>
    public readonly bool TryGet(long time, out ProfileFacts facts)
    {
        var isKnown = time >= Since || (SinceBefore != Never && time >= SinceBefore);
        facts = !isKnown ? default : time >= Since ? Facts : FactsBefore;
        return isKnown;
    }
}

/// <summary>
/// The facts of many users in bounded memory, in two generations: when the current one is full, the older one is dropped; a user who is
/// looked up or changes moves to the current one. What it holds depends only on the order of these calls. Not thread-safe.
/// </summary>
/// <param name="maxUsers">Per generation.</param>
internal sealed class ProfileTable(int maxUsers)
{
    private KeyedState<Guid, ProfileVersions> _current = new();
    private KeyedState<Guid, ProfileVersions> _previous = new();

    public int Count => _current.Count + _previous.Count;

    public void Add(Guid user, long since, ProfileFacts facts)
    {
        ref var known = ref Find(user);
        if (Unsafe.IsNullRef(ref known))
        {
            Insert(user, ProfileVersions.First(since, facts));
        }
        else
        {
            known.Add(since, facts);
        }
    }

    public bool TryGet(Guid user, long time, out ProfileFacts facts)
    {
        ref var known = ref Find(user);
        facts = default;
        return !Unsafe.IsNullRef(ref known) && known.TryGet(time, out facts);
    }

    public void Save(StateWriter writer)
    {
        _current.Save(writer);
        _previous.Save(writer);
    }

    public void Restore(ref StateReader reader)
    {
        _current.Restore(ref reader);
        _previous.Restore(ref reader);
    }

    private ref ProfileVersions Find(Guid user)
    {
        ref var current = ref _current.Find(user);
        if (!Unsafe.IsNullRef(ref current))
        {
            return ref current;
        }

        ref var previous = ref _previous.Find(user);
        if (Unsafe.IsNullRef(ref previous))
        {
            return ref previous;
        }

        var versions = previous;
        _previous.Remove(user);
        return ref Insert(user, versions);
    }

    private ref ProfileVersions Insert(Guid user, ProfileVersions versions)
    {
        if (_current.Count >= maxUsers)
        {
            (_current, _previous) = (_previous, _current);
            _current.Clear();
        }

        ref var inserted = ref _current.GetOrAdd(user, out _);
        inserted = versions;
        return ref inserted;
    }
}
