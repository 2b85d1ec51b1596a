namespace Pipeline.Streaming.RecordLog.Groups;

/// <summary>
/// Who belongs to a consumer group and who owns which partition. Pure: times come in as Unix ms, and the log keeps it (in memory,
/// or as rows that are loaded and stored in one transaction).
/// </summary>
/// <remarks>
/// Cooperative: a rebalance only sets the <em>target</em> of a partition. Its owner keeps it until it has drained and released it, or
/// until its lease runs out. So a partition never has two owners, and who owns it is what fences commits.
/// </remarks>
internal sealed class ConsumerGroupState
{
    private readonly Dictionary<string, GroupMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicPartition, Ownership> _ownership = [];
    private readonly IReadOnlyDictionary<string, int> _partitions;

    /// <param name="partitions">Number of partitions of every topic of the log.</param>
    public ConsumerGroupState(IReadOnlyDictionary<string, int> partitions) => _partitions = partitions;

    /// <summary>Restores a state that was kept outside.</summary>
    public ConsumerGroupState(
        IReadOnlyDictionary<string, int> partitions, long generation, IEnumerable<GroupMember> members, IEnumerable<KeyValuePair<TopicPartition, Ownership>> ownership)
        : this(partitions)
    {
        Generation = generation;
        _members = members.ToDictionary(m => m.Id, StringComparer.Ordinal);
        _ownership = ownership.ToDictionary();
    }

    /// <summary>Rises with every change of members, targets or owners; not with a heartbeat.</summary>
    public long Generation { get; private set; }

    public IReadOnlyCollection<GroupMember> Members => _members.Values;

    public IReadOnlyDictionary<TopicPartition, Ownership> Ownership => _ownership;

    /// <summary>Adds a member and gives partitions a new target.</summary>
    /// <exception cref="RecordLogException">A topic does not exist.</exception>
    public Membership Join(string member, IReadOnlyCollection<string> topics, long now, TimeSpan sessionTimeout)
    {
        foreach (var topic in topics)
        {
            if (!_partitions.ContainsKey(topic))
            {
                throw new RecordLogException($"The topic '{topic}' does not exist; create it before reading it.", isTransient: false);
            }
        }

        RemoveExpired(now);
        _members[member] = new GroupMember(member, topics.ToHashSet(StringComparer.Ordinal), LeaseUntil(now, sessionTimeout));
        Rebalance();
        return MembershipOf(member);
    }

    /// <summary>Removes members that are known to be dead, before their lease runs out; the next change gives away what they owned.</summary>
    public void Forget(Predicate<string> isKnownDead)
    {
        foreach (var member in _members.Keys.Where(id => isKnownDead(id)).ToList())
        {
            _members.Remove(member);
        }
    }

    /// <summary>Renews a member's lease and removes those whose lease ran out.</summary>
    public Membership Heartbeat(string member, long now, TimeSpan sessionTimeout)
    {
        // Its own lease may have run out unnoticed: as long as nobody took its place, nothing was lost.
        if (_members.TryGetValue(member, out var self))
        {
            _members[member] = self with { LeaseUntil = LeaseUntil(now, sessionTimeout) };
        }

        if (RemoveExpired(now))
        {
            Rebalance();
        }

        return MembershipOf(member);
    }

    /// <summary>Hands drained partitions to the members they are meant for.</summary>
    public Membership Release(string member, IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            if (_ownership.TryGetValue(partition, out var held) && held.Owner == member && held.Target != member)
            {
                _ownership[partition] = held with { Owner = held.Target };
                Generation++;
            }
        }

        return MembershipOf(member);
    }

    /// <summary>Removes a member; what it owned goes to others at once.</summary>
    public void Leave(string member)
    {
        if (_members.Remove(member))
        {
            Rebalance();
        }
    }

    public bool Owns(string member, TopicPartition partition) => _ownership.TryGetValue(partition, out var held) && held.Owner == member;

    private Membership MembershipOf(string member)
    {
        var owned = _ownership.Where(o => o.Value.Owner == member).ToList();
        return new Membership(
            Generation,
            _members.ContainsKey(member),
            [.. owned.Where(o => o.Value.Target == member).Select(o => o.Key).Order(TopicPartitionOrder.Instance)],
            [.. owned.Where(o => o.Value.Target != member).Select(o => o.Key).Order(TopicPartitionOrder.Instance)]);
    }

    private bool RemoveExpired(long now)
    {
        var expired = _members.Values.Where(m => m.LeaseUntil <= now).Select(m => m.Id).ToList();
        expired.ForEach(id => _members.Remove(id));
        return expired.Count > 0;
    }

    private void Rebalance()
    {
        var current = _ownership.Where(o => o.Value.Owner is not null).ToDictionary(o => o.Key, o => o.Value.Owner!);
        var subscriptions = _members.Values.ToDictionary(m => m.Id, m => m.Topics, StringComparer.Ordinal);
        var targets = PartitionAssignor.Assign(subscriptions, _partitions, current);

        foreach (var partition in targets.Keys.Union(_ownership.Keys).ToList())
        {
            var target = targets.GetValueOrDefault(partition);
            var owner = _ownership.TryGetValue(partition, out var held) ? held.Owner : null;
            var ownerLives = owner is not null && _members.ContainsKey(owner);
            _ownership[partition] = new Ownership(ownerLives ? owner : target, target);
        }

        Generation++;
    }

    private static long LeaseUntil(long now, TimeSpan sessionTimeout) => now + (long)sessionTimeout.TotalMilliseconds;
}

/// <summary>A member and the instant (Unix ms) at which it counts as dead.</summary>
internal sealed record GroupMember(string Id, IReadOnlySet<string> Topics, long LeaseUntil);

/// <summary>Who has a partition, and who shall have it; null when nobody.</summary>
internal readonly record struct Ownership(string? Owner, string? Target);

/// <summary>The group as one member sees it.</summary>
/// <param name="IsMember">False: its lease ran out and another member noticed.</param>
/// <param name="Owned">Partitions that are its own and stay so.</param>
/// <param name="ToRelease">Partitions that are still its own and shall go to another member.</param>
internal sealed record Membership(long Generation, bool IsMember, IReadOnlyList<TopicPartition> Owned, IReadOnlyList<TopicPartition> ToRelease);

internal sealed class TopicPartitionOrder : IComparer<TopicPartition>
{
    public static readonly TopicPartitionOrder Instance = new();

    public int Compare(TopicPartition x, TopicPartition y)
    {
        var byTopic = string.CompareOrdinal(x.Topic, y.Topic);
        return byTopic != 0 ? byTopic : x.Partition.CompareTo(y.Partition);
    }
}
