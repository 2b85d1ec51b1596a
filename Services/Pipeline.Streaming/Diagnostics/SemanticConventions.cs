namespace Pipeline.Streaming.Diagnostics;

/// <summary>
/// Every telemetry name of the engine, in one place. Follows the OpenTelemetry semantic conventions 1.38 for messaging (status:
/// development, <see href="https://opentelemetry.io/docs/specs/semconv/messaging/"/>); what they don't cover begins with <c>pipeline.</c>.
/// </summary>
public static class SemanticConventions
{
    /// <summary>Name of the engine's meter and activity source.</summary>
    public const string Source = "Pipeline.Streaming";

    public const string MessagingSystem = "messaging.system";
    public const string SystemKafka = "kafka";
    public const string SystemEmbedded = "pipeline";
    public const string OperationName = "messaging.operation.name";
    public const string OperationType = "messaging.operation.type";
    public const string DestinationName = "messaging.destination.name";
    public const string DestinationPartition = "messaging.destination.partition.id";
    public const string BatchMessageCount = "messaging.batch.message_count";

    public const string ConsumedMessages = "messaging.client.consumed.messages";

    public const string Outcome = "pipeline.outcome";
    public const string Stage = "pipeline.stage";
    public const string Records = "pipeline.records";
    public const string LateRecords = "pipeline.records.late";
    public const string DeadLetteredRecords = "pipeline.records.dead_lettered";
    public const string ConsumerLag = "pipeline.consumer.lag";
    public const string WatermarkLag = "pipeline.watermark.lag";
    public const string StateEntries = "pipeline.state.entries";
    public const string CheckpointDuration = "pipeline.checkpoint.duration";
    public const string CheckpointAge = "pipeline.checkpoint.age";
    public const string Activity = "pipeline.activity";
    public const string TaskTime = "pipeline.task.time";
    public const string StepRecordsIn = "pipeline.step.records.in";
    public const string StepRecordsOut = "pipeline.step.records.out";
    public const string StepRecordsRefused = "pipeline.step.records.refused";
    public const string StepTime = "pipeline.step.time";
    public const string QueueDepth = "pipeline.queue.depth";
    public const string Retries = "pipeline.retries";

    public const string KafkaClientType = "pipeline.kafka.client.type";
    public const string KafkaQueuedMessages = "pipeline.kafka.client.queued_messages";
    public const string KafkaConnectedBrokers = "pipeline.kafka.client.connected_brokers";
    public const string KafkaRoundTrip = "pipeline.kafka.client.round_trip";
    public const string KafkaSentBytes = "pipeline.kafka.client.sent";
    public const string KafkaReceivedBytes = "pipeline.kafka.client.received";
    public const string KafkaRequestErrors = "pipeline.kafka.client.request_errors";
}
