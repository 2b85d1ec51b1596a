namespace Pipeline.Streaming.RecordLog;

/// <summary>What a record may be at most; every embedded log keeps to it.</summary>
public static class RecordLimits
{
    /// <summary>Bytes of key, value and headers of one record: 16 MiB.</summary>
    public const int MaxRecordBytes = 16 << 20;

    /// <summary>Records and bytes that a reader is given at a time, about; one record is always given.</summary>
    internal const int MaxBatchRecords = 4096;

    /// <inheritdoc cref="MaxBatchRecords"/>
    internal const int MaxBatchBytes = 4 << 20;

    /// <exception cref="RecordTooLargeException">A record is too large; none may be written then.</exception>
    internal static void Check(string topic, RecordBatchBuilder records)
    {
        foreach (ref readonly var slices in records.Slices)
        {
            if (slices.ByteCount() > MaxRecordBytes)
            {
                throw new RecordTooLargeException(topic, slices.ByteCount());
            }
        }
    }

    internal static int ByteCount(this in RecordSlices slices) => Math.Max(0, slices.KeyLength) + Math.Max(0, slices.ValueLength) + slices.HeadersLength;
}

/// <summary>A record is larger than the log takes; nothing of the append was written.</summary>
public sealed class RecordTooLargeException(string topic, long bytes)
    : RecordLogException($"A record for '{topic}' has {bytes} bytes; at most {RecordLimits.MaxRecordBytes} are taken.", isTransient: false)
{
    /// <summary>Key, value and headers of the record.</summary>
    public long Bytes { get; } = bytes;
}
