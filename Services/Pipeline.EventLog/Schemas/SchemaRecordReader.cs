using Microsoft.Extensions.Logging;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.EventLog.Schemas;

/// <summary>
/// Gives JSON whatever stands in the log. Records whose schema has to be asked for, while the registry does not answer, wait with their
/// partition; the other partitions and the membership go on.
/// </summary>
internal sealed class SchemaRecordReader(IRecordReader reader, EventSchemas schemas, SchemaRegistryOptions options, TimeProvider time, ILogger logger) : IRecordReader, IAssignmentListener
{
    // Seek, Pause and Resume come from any thread.
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, RecordBatch> _waiting = [];
    private readonly HashSet<TopicPartition> _paused = [];
    private IAssignmentListener? _listener;
    private long _retryAt = long.MinValue;

    public ValueTask SubscribeAsync(IReadOnlyCollection<string> topics, IAssignmentListener listener, CancellationToken cancellationToken)
    {
        _listener = listener;
        return reader.SubscribeAsync(topics, this, cancellationToken);
    }

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        if (await TakeWaitingAsync(cancellationToken) is { } waited)
        {
            return waited;
        }

        var wait = HasWaiting && maxWait > options.RetryInterval ? options.RetryInterval : maxWait;
        if (await reader.ReadAsync(wait, cancellationToken) is not { } batch)
        {
            return null;
        }

        if (EventSchemas.HasSchema(batch.TopicPartition.Topic) && !await TryLoadAsync(batch, cancellationToken))
        {
            Hold(batch);
            return null;
        }

        return EventSchemas.HasSchema(batch.TopicPartition.Topic) ? ValueTranslation.ToJson(schemas, batch) : batch;
    }

    public void Seek(Position position)
    {
        lock (_gate)
        {
            Drop(position.TopicPartition);
            reader.Seek(position);
        }
    }

    public void Pause(TopicPartition topicPartition)
    {
        lock (_gate)
        {
            _paused.Add(topicPartition);
            reader.Pause(topicPartition);
        }
    }

    public void Resume(TopicPartition topicPartition)
    {
        lock (_gate)
        {
            _paused.Remove(topicPartition);
            if (!_waiting.ContainsKey(topicPartition))
            {
                reader.Resume(topicPartition);
            }
        }
    }

    public ValueTask CommitAsync(IReadOnlyCollection<Position> next, CancellationToken cancellationToken) => reader.CommitAsync(next, cancellationToken);

    public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
        => _listener!.OnAssignedAsync(partitions, cancellationToken);

    public async ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Forget(partitions);
        await _listener!.OnRevokedAsync(partitions, cancellationToken);
    }

    public async ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Forget(partitions);
        await _listener!.OnLostAsync(partitions, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        lock (_gate)
        {
            foreach (var partition in _waiting.Keys.ToList())
            {
                Drop(partition);
            }
        }
    }

    private bool HasWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>A batch that waited and can be read now.</summary>
    private async ValueTask<RecordBatch?> TakeWaitingAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Whoever seeks disposes of the batch, so it is looked at under the lock only, until it is ours.
            TopicPartition partition;
            int schemaId;
            lock (_gate)
            {
                if (_waiting.FirstOrDefault(w => !_paused.Contains(w.Key)).Value is not { } batch || time.GetTimestamp() < _retryAt)
                {
                    return null;
                }

                partition = batch.TopicPartition;
                if (ValueTranslation.FindUnloaded(schemas, batch) is { } unloaded)
                {
                    schemaId = unloaded;
                }
                else
                {
                    _waiting.Remove(partition);
                    reader.Resume(partition);
                    Log.PartitionGoesOn(logger, partition);
                    return ValueTranslation.ToJson(schemas, batch);
                }
            }

            if (!await TryLoadAsync(partition, schemaId, cancellationToken))
            {
                return null;
            }
        }
    }

    private async ValueTask<bool> TryLoadAsync(RecordBatch batch, CancellationToken cancellationToken)
    {
        while (ValueTranslation.FindUnloaded(schemas, batch) is { } schemaId)
        {
            if (!await TryLoadAsync(batch.TopicPartition, schemaId, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>False when the registry did not answer.</returns>
    private async ValueTask<bool> TryLoadAsync(TopicPartition partition, int schemaId, CancellationToken cancellationToken)
    {
        try
        {
            await schemas.LoadAsync(partition.Topic, schemaId, cancellationToken);
            return true;
        }
        catch (SchemaRegistryException e)
        {
            Log.PartitionWaitsForRegistry(logger, partition, e.Message);
            _retryAt = time.GetTimestamp() + (long)(options.RetryInterval.TotalSeconds * time.TimestampFrequency);
            return false;
        }
    }

    private void Hold(RecordBatch batch)
    {
        lock (_gate)
        {
            Drop(batch.TopicPartition);
            _waiting[batch.TopicPartition] = batch;
            reader.Pause(batch.TopicPartition);
        }
    }

    private void Forget(IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
            {
                Drop(partition);
                _paused.Remove(partition);
            }
        }
    }

    private void Drop(TopicPartition partition)
    {
        if (_waiting.Remove(partition, out var batch))
        {
            batch.Dispose();
            if (!_paused.Contains(partition))
            {
                reader.Resume(partition);
            }
        }
    }
}
