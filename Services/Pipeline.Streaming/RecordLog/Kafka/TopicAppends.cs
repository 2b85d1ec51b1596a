using System.Threading.Channels;
using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// Hands the appends of one topic to the client in groups: what comes while a group is under way waits, in order, and is the next one. An idempotent producer has one
/// request under way for each partition in any case. Records that wait for it inside the client cost a core there: once their time to wait for company is over its thread asks, without a
/// pause, whether they may go, the more of them the slower the broker answers.
/// </summary>
/// <param name="patience">How long a group is waited for: one partition whose leader is away must not keep the others back for longer.</param>
internal sealed class TopicAppends(IProducer<byte[]?, byte[]?> producer, string topic, TimeSpan patience)
{
    public static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(1);

    /// <summary>Records of a group, about; more than go into one request for each of a few partitions. An append is never split.</summary>
    internal const int GroupRecords = 10_000;

    // Whoever comes then waits with the records in hand.
    private const int MostWaiting = 1_000;

    private static readonly TimeSpan FullQueuePause = TimeSpan.FromMilliseconds(5);

    private readonly Channel<PendingAppend> _waiting = Channel.CreateBounded<PendingAppend>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private Task _running = Task.CompletedTask;

    public TopicAppends Start()
    {
        _running = Task.Run(RunAsync);
        return this;
    }

    /// <summary>Takes an append; they go in the order of these calls.</summary>
    /// <exception cref="ObjectDisposedException">The producer is closed.</exception>
    public async ValueTask AddAsync(PendingAppend append)
    {
        try
        {
            await _waiting.Writer.WriteAsync(append, append.Cancelled);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(KafkaProducer));
        }
    }

    /// <summary>Takes no more; ends when those that it has are settled.</summary>
    public Task CloseAsync()
    {
        _waiting.Writer.TryComplete();
        return _running;
    }

    private async Task RunAsync()
    {
        var group = new List<Task>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            var records = 0;
            while (records < GroupRecords && _waiting.Reader.TryRead(out var append))
            {
                await ProduceAsync(append);
                records += append.Messages.Count;
                group.Add(append.Completion);
            }

            await Task.WhenAll(group).WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            group.Clear();
        }
    }

    /// <summary>Hands over the records of an append; what cannot be handed over fails, and with it the append.</summary>
    private async ValueTask ProduceAsync(PendingAppend append)
    {
        var sent = 0;
        try
        {
            // When one has failed the caller appends all of them again, so there is no point in sending the rest.
            while (sent < append.Messages.Count && !append.HasFailed && !append.Cancelled.IsCancellationRequested)
            {
                sent += await TryProduceAsync(append, append.Messages[sent]) ? 1 : 0;
            }
        }
        catch (Exception e)
        {
            append.Fail(e is KafkaException known ? known.Error : new Error(ErrorCode.Local_Fail, e.Message));
        }

        if (sent < append.Messages.Count)
        {
            append.LeaveOut(append.Messages.Count - sent);
        }
    }

    private async ValueTask<bool> TryProduceAsync(PendingAppend append, Message<byte[]?, byte[]?> message)
    {
        try
        {
            producer.Produce(topic, message, append.Report);
            return true;
        }
        catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            // Back-pressure: the records before us have to go first.
            await Task.Delay(FullQueuePause);
            return false;
        }
    }
}
