using Pipeline.Storage;
using Pipeline.Streaming.DeadLetters;

namespace Pipeline.Processor;

/// <summary>An outage of the store is waited for, as one of the log is; everything else that is not a record's fault stops the processor.</summary>
internal static class ProcessorErrors
{
    public static ErrorPolicy Policy { get; } = ErrorPolicy.Default with
    {
        OnException = exception => exception is StorageException { IsTransient: true } ? ErrorAction.Retry : ErrorPolicy.Classify(exception),
    };
}
