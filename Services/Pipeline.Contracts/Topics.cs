namespace Pipeline.Contracts;

/// <summary>The topics of the pipeline and their shape; the one place that names them.</summary>
public static class Topics
{
    /// <summary>Users fetched from the RandomUser API.</summary>
    public const string Users = "users_topic";

    /// <summary>Activity of known users (login, view, update, logout, error).</summary>
    public const string Activity = "user_activity";

    /// <summary>Suffix of the topic that takes a topic's dead letters.</summary>
    public const string DeadLetterSuffix = ".dlq";

    /// <summary>Partitions of every topic; equal, so that a user's profile and activity share a partition number.</summary>
    public const int Partitions = 3;

    /// <summary>The consumer group of the processor.</summary>
    public const string ProcessorGroup = "pipeline-processor";

    /// <summary>The topics that carry events.</summary>
    public static IReadOnlyList<string> All { get; } = [Users, Activity];

    /// <summary>The topic that takes the dead letters of <paramref name="topic"/>.</summary>
    public static string DeadLettersOf(string topic) => topic + DeadLetterSuffix;

    /// <summary>The topic on which events of this type stand.</summary>
    public static string Of(EventType type) => type == EventType.Profile ? Users : Activity;
}
