using System.Diagnostics.CodeAnalysis;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Activity;

/// <summary>The users that can be active: a ring of a fixed size in which the newest take the place of the oldest. Not thread-safe.</summary>
internal sealed class KnownUsers(int capacity)
{
    // Of so many users drawn at random the one that has rested longest is taken: random, yet with long gaps between a user's sessions.
    private const int Candidates = 8;

    private readonly List<User> _users = [];
    private readonly HashSet<Guid> _ids = [];
    private int _oldest;

    public int Count => _users.Count;

    /// <summary>False when the user is known already.</summary>
    public bool Add(Guid id)
    {
        if (!_ids.Add(id))
        {
            return false;
        }

        var user = new User(id);
        if (_users.Count < capacity)
        {
            _users.Add(user);
            return true;
        }

        // A session under way goes on to its end with the user it has.
        _ids.Remove(_users[_oldest].Id);
        _users[_oldest] = user;
        _oldest = (_oldest + 1) % capacity;
        return true;
    }

    /// <summary>A user without a session; false when all that were looked at have one.</summary>
    public bool TryPick(ref Xoshiro256 random, [NotNullWhen(true)] out User? user)
    {
        user = null;
        for (var i = 0; i < Candidates && _users.Count > 0; i++)
        {
            var candidate = _users[(int)random.Below(_users.Count)];
            if (!candidate.IsActive && (user is null || candidate.LastSeen < user.LastSeen))
            {
                user = candidate;
            }
        }

        return user is not null;
    }

    /// <summary>Ends all sessions, when the generator that ran them is given up.</summary>
    public void EndSessions() => _users.ForEach(user => user.IsActive = false);

    internal sealed class User(Guid id)
    {
        public Guid Id { get; } = id;

        public bool IsActive { get; set; }

        /// <summary>End of the last session, Unix ms.</summary>
        public long LastSeen { get; set; } = long.MinValue;
    }
}
