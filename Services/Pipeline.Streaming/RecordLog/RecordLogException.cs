namespace Pipeline.Streaming.RecordLog;

/// <summary>The log could not do what was asked.</summary>
public class RecordLogException : Exception
{
    public RecordLogException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException) => IsTransient = isTransient;

    /// <summary>Whether the same call can succeed later without anybody's help.</summary>
    public bool IsTransient { get; }
}

/// <summary>Another member owns the partition: this one's results and offsets must not be written any more.</summary>
public sealed class PartitionFencedException(string message) : RecordLogException(message, isTransient: false);
