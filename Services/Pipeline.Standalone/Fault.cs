using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;
using Pipeline.Standalone.Client;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Standalone;

/// <summary>An exception as the person at the terminal needs it: what is wrong in a sentence, and the exit code of that kind.</summary>
internal sealed record Fault(int ExitCode, string Sentence)
{
    // Of the C library; .NET hands them on as HResult.
    private const int WouldBlock = 11;
    private const int WouldBlockOnMac = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    public static Fault From(Exception exception)
    {
        var chain = Chain(exception).ToArray();
        if (chain.OfType<OptionsValidationException>().SelectMany(e => e.Failures).Distinct().ToArray() is { Length: > 0 } failures)
        {
            return BadConfiguration(failures);
        }

        if (chain.OfType<ConfigurationException>().FirstOrDefault() is { } configuration)
        {
            return BadConfiguration(configuration.Errors);
        }

        if (chain.OfType<AddressInUseException>().Any() || chain.OfType<SocketException>().Any(e => e.SocketErrorCode == SocketError.AddressAlreadyInUse))
        {
            return new Fault(Standalone.ExitCode.PortTaken, "The address is in use by another program. Choose another one with --urls.");
        }

        var code = chain.Select(CodeOf).FirstOrDefault(c => c != Standalone.ExitCode.Failure, Standalone.ExitCode.Failure);
        return new Fault(code, chain.FirstOrDefault(IsInWords)?.Message ?? $"{chain[0].Message} ({chain[0].GetType().Name}; --verbose shows where)");
    }

    public static Fault PortTaken(string url) => new(Standalone.ExitCode.PortTaken, $"{url} is in use by another program. Stop that one, or choose another address with --urls.");

    /// <summary>Says it on the error stream and returns the exit code.</summary>
    public int Report()
    {
        Console.Error.WriteLine(Sentence);
        return ExitCode;
    }

    private static Fault BadConfiguration(IReadOnlyList<string> errors) => new(
        Standalone.ExitCode.BadConfiguration,
        errors.Count == 1 ? $"The configuration is wrong: {errors[0]}" : $"The configuration is wrong:{string.Concat(errors.Select(e => $"\n  - {e}"))}");

    /// <summary>Exceptions whose message was written for people.</summary>
    private static bool IsInWords(Exception e)
        => e is DataDirectoryException or SqliteFaultException or MetadataStoreException or StorageException or RecordLogException or StateRestoreException or PipelineClientException;

    private static int CodeOf(Exception exception) => exception switch
    {
        SqliteFaultException { Kind: SqliteFaultKind.Full } => Standalone.ExitCode.DiskFull,
        SqliteFaultException { Kind: SqliteFaultKind.ReadOnly or SqliteFaultKind.CantOpen } => Standalone.ExitCode.ReadOnly,
        SqliteFaultException { Kind: SqliteFaultKind.Corrupt } => Standalone.ExitCode.Damaged,
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL } => Standalone.ExitCode.DiskFull,
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN } => Standalone.ExitCode.ReadOnly,
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } => Standalone.ExitCode.Damaged,
        _ when FileFaults.IsReadOnly(exception) => Standalone.ExitCode.ReadOnly,
        _ when FileFaults.IsFull(exception) => Standalone.ExitCode.DiskFull,
        IOException { HResult: WouldBlock or WouldBlockOnMac or WindowsSharingViolation } => Standalone.ExitCode.DirectoryLocked,
        _ => Standalone.ExitCode.Failure,
    };

    /// <summary>The exception and everything inside it, outermost first.</summary>
    private static IEnumerable<Exception> Chain(Exception exception)
    {
        if (exception is AggregateException or TargetInvocationException)
        {
            var inner = exception is AggregateException several ? several.InnerExceptions : [exception.InnerException!];
            return inner.SelectMany(Chain);
        }

        return exception.InnerException is null ? [exception] : Chain(exception.InnerException).Prepend(exception);
    }
}
