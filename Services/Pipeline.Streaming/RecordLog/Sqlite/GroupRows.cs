using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>A consumer group as rows. A group is small, so it is loaded and stored as a whole.</summary>
internal static class GroupRows
{
    private const char TopicSeparator = '\n';

    public static ConsumerGroupState Load(LogConnection log, string group)
    {
        var generation = log.Statement("SELECT generation FROM groups WHERE group_name = ?1").BindText(1, group);
        var number = generation.Step() ? generation.GetInt64(0) : 0;
        generation.Reset();

        var members = new List<GroupMember>();
        var select = log.Statement("SELECT member_id, topics, lease_until FROM group_members WHERE group_name = ?1").BindText(1, group);
        while (select.Step())
        {
            members.Add(new GroupMember(select.GetString(0), select.GetString(1).Split(TopicSeparator).ToHashSet(StringComparer.Ordinal), select.GetInt64(2)));
        }

        var ownership = new List<KeyValuePair<TopicPartition, Ownership>>();
        select = log.Statement("SELECT topic, partition, owner, target FROM group_partitions WHERE group_name = ?1").BindText(1, group);
        while (select.Step())
        {
            ownership.Add(new(
                new TopicPartition(select.GetString(0), select.GetInt32(1)),
                new Ownership(select.IsNull(2) ? null : select.GetString(2), select.IsNull(3) ? null : select.GetString(3))));
        }

        return new ConsumerGroupState(log.PartitionCounts(), number, members, ownership);
    }

    public static void Save(LogConnection log, string group, ConsumerGroupState state, bool isNewGeneration)
    {
        if (!isNewGeneration)
        {
            foreach (var member in state.Members)
            {
                log.Statement("UPDATE group_members SET lease_until = ?3 WHERE group_name = ?1 AND member_id = ?2 AND lease_until <> ?3")
                    .BindText(1, group).BindText(2, member.Id).Bind(3, member.LeaseUntil).Execute();
            }

            return;
        }

        log.Statement("INSERT INTO groups (group_name, generation) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET generation = excluded.generation")
            .BindText(1, group).Bind(2, state.Generation).Execute();
        log.Statement("DELETE FROM group_members WHERE group_name = ?1").BindText(1, group).Execute();
        log.Statement("DELETE FROM group_partitions WHERE group_name = ?1").BindText(1, group).Execute();
        foreach (var member in state.Members)
        {
            log.Statement("INSERT INTO group_members (group_name, member_id, topics, lease_until) VALUES (?1, ?2, ?3, ?4)")
                .BindText(1, group).BindText(2, member.Id).BindText(3, string.Join(TopicSeparator, member.Topics)).Bind(4, member.LeaseUntil).Execute();
        }

        foreach (var (partition, held) in state.Ownership)
        {
            log.Statement("INSERT INTO group_partitions (group_name, topic, partition, owner, target) VALUES (?1, ?2, ?3, ?4, ?5)")
                .BindText(1, group).BindText(2, partition.Topic).Bind(3, partition.Partition).BindText(4, held.Owner).BindText(5, held.Target).Execute();
        }
    }

    public static bool Owns(LogConnection log, string group, string member, TopicPartition partition)
    {
        var select = log.Statement("SELECT owner = ?4 FROM group_partitions WHERE group_name = ?1 AND topic = ?2 AND partition = ?3")
            .BindText(1, group).BindText(2, partition.Topic).Bind(3, partition.Partition).BindText(4, member);
        var owns = select.Step() && select.GetInt64(0) == 1;
        select.Reset();
        return owns;
    }
}
