using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Pipeline.Streaming.RecordLog.Kafka.Native;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// The records of one partition that the client has fetched ahead. A queue of its own, so that a partition that is not read keeps what
/// it has (the client's own pause throws it away and fetches it again) and fills no other's way. One thread at a time.
/// </summary>
internal sealed unsafe class PartitionQueue : IDisposable
{
    private const int FirstRead = 256;

    private readonly TopicPartition _partition;
    private readonly nint[] _messages = new nint[RecordLimits.MaxBatchRecords];
    private nint _queue;
    private int _readSize = FirstRead;

    /// <param name="signal">Set whenever the queue was empty and is not any more.</param>
    public PartitionQueue(IClient consumer, TopicPartition partition, QueueSignal? signal = null)
    {
        _partition = partition;
        _queue = LibRdKafka.QueueOfPartition(LibRdKafka.HandleOf(consumer), partition.Topic, partition.Partition);
        if (_queue == 0)
        {
            throw new RecordLogException($"The client has no queue for {partition}.", isTransient: false);
        }

        LibRdKafka.Forward(_queue, 0);
        signal?.Attach(_queue);
    }

    /// <summary>Takes what has been fetched, about one batch of it.</summary>
    /// <param name="highWatermark">The end of the partition as the client knows it.</param>
    /// <param name="wait">How long to wait for as many as that.</param>
    public QueueRead Read(int maxRecords, long highWatermark, TimeSpan wait = default)
    {
        var size = Math.Min(maxRecords, _readSize);
        fixed (nint* pointers = _messages)
        {
            var messages = (LibRdKafka.Message**)pointers;
            var count = (int)LibRdKafka.ConsumeBatch(_queue, (int)wait.TotalMilliseconds, messages, (nuint)size);
            if (count <= 0)
            {
                return QueueRead.Nothing;
            }

            try
            {
                return Take(new ReadOnlySpan<nint>(pointers, count), highWatermark);
            }
            finally
            {
                for (var i = 0; i < count; i++)
                {
                    LibRdKafka.DestroyMessage(messages[i]);
                }
            }
        }
    }

    public void Dispose()
    {
        if (_queue != 0)
        {
            QueueSignal.Detach(_queue);
            LibRdKafka.DestroyQueue(_queue);
            _queue = 0;
        }
    }

    /// <summary>Records and, among them, events: the end was reached, the offset is not there, the broker refused.</summary>
    private QueueRead Take(ReadOnlySpan<nint> messages, long highWatermark)
    {
        var records = 0;
        var byteCount = 0;
        var end = -1L;
        var failure = default(QueueFailure?);
        foreach (var pointer in messages)
        {
            var message = (LibRdKafka.Message*)pointer;
            switch (message->Error)
            {
                case ErrorCode.NoError:
                    records++;
                    byteCount += (int)(message->KeyLength + message->PayloadLength);
                    break;
                case ErrorCode.Local_PartitionEOF:
                    end = message->Offset;
                    break;
                default:
                    failure = new QueueFailure(message->Error, Marshal.PtrToStringUTF8((nint)message->Payload) ?? message->Error.ToString());
                    break;
            }
        }

        if (records == 0)
        {
            return new QueueRead(null, end, failure);
        }

        _readSize = Math.Clamp(RecordLimits.MaxBatchBytes / ((byteCount / records) + 1), 1, _messages.Length);
        return new QueueRead(Copy(messages, records, byteCount, end, highWatermark), end, failure);
    }

    /// <param name="end">Where the end was reached behind these records, past markers of transactions; −1 when it was not.</param>
    private RecordBatch Copy(ReadOnlySpan<nint> messages, int records, int byteCount, long end, long highWatermark)
    {
        var slices = ArrayPool<RecordSlices>.Shared.Rent(records);
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, byteCount));
        var filled = 0;
        var index = 0;
        foreach (var pointer in messages)
        {
            var message = (LibRdKafka.Message*)pointer;
            if (message->Error != ErrorCode.NoError)
            {
                continue;
            }

            var start = filled;
            var (keyLength, valueLength) = ((int)message->KeyLength, (int)message->PayloadLength);
            Reserve(ref bytes, filled, keyLength + valueLength);
            new ReadOnlySpan<byte>(message->Key, keyLength).CopyTo(bytes.AsSpan(filled));
            new ReadOnlySpan<byte>(message->Payload, valueLength).CopyTo(bytes.AsSpan(filled + keyLength));
            filled += keyLength + valueLength;
            var headersLength = CopyHeaders(message, ref bytes, ref filled);
            int kind;
            slices[index++] = new RecordSlices(
                message->Offset,
                LibRdKafka.Timestamp(message, &kind),
                start,
                message->Key is null ? -1 : keyLength,
                message->Payload is null ? -1 : valueLength,
                headersLength);
        }

        var next = Math.Max(slices[records - 1].Offset + 1, end);
        return RecordBatch.FromRented(_partition, slices, records, bytes, next, Math.Max(highWatermark, next));
    }

    private static int CopyHeaders(LibRdKafka.Message* message, ref byte[] bytes, ref int filled)
    {
        nint headers;
        if (LibRdKafka.Headers(message, &headers) != 0)
        {
            return 0;
        }

        var start = filled;
        byte* name;
        byte* value;
        nuint length;
        for (nuint i = 0; LibRdKafka.Header(headers, i, &name, &value, &length) == 0; i++)
        {
            var nameBytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
            if (nameBytes.Length > ushort.MaxValue)
            {
                // Not in the batch's format, and no name that anybody looks for.
                continue;
            }

            var valueLength = value is null ? 0 : (int)length;
            Reserve(ref bytes, filled, sizeof(ushort) + nameBytes.Length + sizeof(int) + valueLength);
            var target = bytes.AsSpan(filled);
            BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)nameBytes.Length);
            nameBytes.CopyTo(target[sizeof(ushort)..]);
            target = target[(sizeof(ushort) + nameBytes.Length)..];
            BinaryPrimitives.WriteInt32LittleEndian(target, value is null ? -1 : valueLength);
            new ReadOnlySpan<byte>(value, valueLength).CopyTo(target[sizeof(int)..]);
            filled += sizeof(ushort) + nameBytes.Length + sizeof(int) + valueLength;
        }

        return filled - start;
    }

    private static void Reserve(ref byte[] bytes, int filled, int more)
    {
        if (bytes.Length - filled >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length * 2, filled + more));
        bytes.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}

/// <summary>What a look into the queue of a partition gave.</summary>
/// <param name="End">The offset at which the end of the partition was reached; −1 when it was not.</param>
internal readonly record struct QueueRead(RecordBatch? Records, long End, QueueFailure? Failure)
{
    public static QueueRead Nothing => new(null, -1, null);
}

internal readonly record struct QueueFailure(ErrorCode Code, string Reason);
