using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>What the client reports, as the log's own exceptions. The one place that knows which errors pass by themselves.</summary>
internal static class KafkaFaults
{
    public static RecordLogException ToException(Error error, string doing, Exception? inner = null)
        => ToException(error.Code, $"Kafka could not {doing}: {error.Reason}", inner);

    public static RecordLogException ToException(ErrorCode code, string message, Exception? inner = null) => code switch
    {
        ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.Local_Fenced => new PartitionFencedException(message),
        _ => new RecordLogException(message, IsTransient(code), inner),
    };

    /// <summary>
    /// A failure of reading, of writing or of asking about partitions that were there before. Besides what is transient anyway: a membership that is
    /// over (the client joins again, and says which partitions it lost), and a cluster that does not know its topics or their leaders,
    /// which is what a broker answers while it starts.
    /// </summary>
    public static RecordLogException OfKnownPartitions(ErrorCode code, string message, Exception? inner = null) => code switch
    {
        ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.UnknownTopicOrPart or ErrorCode.TopicException or ErrorCode.ListenerNotFound
            or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition or ErrorCode.Local_NoOffset or ErrorCode.Local_NoEnt
            => new RecordLogException(message, isTransient: true, inner),
        _ => ToException(code, message, inner),
    };

    public static bool IsTransient(ErrorCode code) => code switch
    {
        // The client's own: it goes on trying.
        ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_TimedOut or ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOutQueue
            or ErrorCode.Local_Resolve or ErrorCode.Local_WaitCoord or ErrorCode.Local_WaitCache or ErrorCode.Local_QueueFull or ErrorCode.Local_State
            or ErrorCode.Local_DestroyBroker or ErrorCode.Local_PurgeQueue or ErrorCode.Local_PurgeInflight or ErrorCode.Local_Retry => true,

        // A cluster that is starting, electing or short of replicas.
        ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderForPartition or ErrorCode.RequestTimedOut or ErrorCode.BrokerNotAvailable or ErrorCode.ReplicaNotAvailable
            or ErrorCode.NetworkException or ErrorCode.GroupLoadInProgress or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.NotCoordinatorForGroup
            or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RebalanceInProgress or ErrorCode.NotController
            or ErrorCode.KafkaStorageError or ErrorCode.FetchSessionIdNotFound or ErrorCode.UnknownLeaderEpoch or ErrorCode.FencedLeaderEpoch
            or ErrorCode.OffsetNotAvailable or ErrorCode.ThrottlingQuotaExceeded or ErrorCode.UnstableOffsetCommit => true,
        _ => false,
    };
}
