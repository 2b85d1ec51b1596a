namespace Pipeline.Streaming.RecordLog.Groups;

/// <summary>
/// Deals partitions out among the members of a consumer group: evenly, moving as few as possible, and such that equal
/// partition numbers of different topics go to the same member (so that topics with the same key can be joined).
/// </summary>
internal static class PartitionAssignor
{
    /// <param name="subscriptions">Topics of each live member.</param>
    /// <param name="partitions">Number of partitions of each topic.</param>
    /// <param name="current">Who has a partition now; members that are not live are ignored.</param>
    /// <returns>The member of every partition of every subscribed topic.</returns>
    public static Dictionary<TopicPartition, string> Assign(
        IReadOnlyDictionary<string, IReadOnlySet<string>> subscriptions,
        IReadOnlyDictionary<string, int> partitions,
        IReadOnlyDictionary<TopicPartition, string> current)
    {
        var assigned = new Dictionary<TopicPartition, string>();

        // Topics with the same subscribers are dealt together, by partition number.
        var together = partitions.Keys
            .Order(StringComparer.Ordinal)
            .Select(topic => (Topic: topic, Members: subscriptions.Where(s => s.Value.Contains(topic)).Select(s => s.Key).Order(StringComparer.Ordinal).ToList()))
            .Where(t => t.Members.Count > 0)
            .GroupBy(t => string.Join('\n', t.Members));

        foreach (var group in together)
        {
            var topics = group.Select(t => t.Topic).ToList();
            var numbers = AssignNumbers(group.First().Members, topics, topics.Max(t => partitions[t]), current);
            foreach (var topic in topics)
            {
                for (var number = 0; number < partitions[topic]; number++)
                {
                    assigned[new TopicPartition(topic, number)] = numbers[number];
                }
            }
        }

        return assigned;
    }

    private static string[] AssignNumbers(List<string> members, List<string> topics, int count, IReadOnlyDictionary<TopicPartition, string> current)
    {
        var numbers = new string[count];
        var held = members.ToDictionary(m => m, _ => new List<int>());
        for (var number = 0; number < count; number++)
        {
            var holder = topics.Select(t => current.GetValueOrDefault(new TopicPartition(t, number))).FirstOrDefault(m => m is not null && held.ContainsKey(m));
            if (holder is not null)
            {
                held[holder].Add(number);
            }
        }

        // Everybody keeps what they have up to their share; the larger shares go to those who hold most already.
        var smaller = count / members.Count;
        var largerShares = count % members.Count;
        foreach (var member in members.OrderByDescending(m => held[m].Count).ThenBy(m => m, StringComparer.Ordinal))
        {
            var share = smaller;
            if (largerShares > 0 && held[member].Count > smaller)
            {
                share++;
                largerShares--;
            }

            if (held[member].Count > share)
            {
                held[member].RemoveRange(share, held[member].Count - share);
            }

            foreach (var number in held[member])
            {
                numbers[number] = member;
            }
        }

        for (var number = 0; number < count; number++)
        {
            if (numbers[number] is null)
            {
                var least = members.MinBy(m => held[m].Count)!;
                held[least].Add(number);
                numbers[number] = least;
            }
        }

        return numbers;
    }
}
