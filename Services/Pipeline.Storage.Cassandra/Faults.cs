using System.Net.Sockets;
using Cassandra;

namespace Pipeline.Storage.Cassandra;

/// <summary>The driver's faults in the store's terms.</summary>
internal static class Faults
{
    public static bool IsStorageFault(Exception e) => e is DriverException or SocketException or TimeoutException or ObjectDisposedException or InitFatalErrorException;

    /// <summary>Whether the servers did not keep up or were not there: worth another try, and a reason to send less at once.</summary>
    public static bool IsOverload(Exception e) => e switch
    {
        NoHostAvailableException none => !none.Errors.Values.Any(IsForAPerson),
        WriteFailureException or ReadFailureException => true,
        OverloadedException or UnavailableException or QueryTimeoutException or OperationTimedOutException or BusyPoolException => true,
        IsBootstrappingException or TruncateException or ServerErrorException => true,
        SocketException or TimeoutException => true,
        _ => false,
    };

    public static StorageException Translate(Exception e) => e switch
    {
        StorageException fault => fault,
        NoHostAvailableException none when none.Errors.Values.FirstOrDefault(IsForAPerson) is { } cause => Translate(cause),
        NoHostAvailableException none => new StorageException($"No Cassandra node answers: {Reason(none)}", isTransient: true, e),
        AuthenticationException => new StorageException($"Cassandra refuses the user: {e.Message} Set Username and Password in ConnectionStrings:cassandra.", isTransient: false, e),
        UnauthorizedException => new StorageException($"The Cassandra user lacks a permission: {e.Message}", isTransient: false, e),
        _ when IsOverload(e) => new StorageException($"Cassandra did not answer in time or not with enough nodes: {e.Message}", isTransient: true, e),
        ObjectDisposedException => new StorageException("The connection to Cassandra is closed.", isTransient: true, e),
        _ => new StorageException($"Cassandra refused the request: {e.Message}", isTransient: false, e),
    };

    // Trying another node or again does not help.
    private static bool IsForAPerson(Exception e) => e is AuthenticationException or UnauthorizedException;

    private static string Reason(NoHostAvailableException none)
        => none.Errors.Count == 0 ? none.Message : string.Join("; ", none.Errors.Take(3).Select(e => $"{e.Key}: {e.Value?.Message}"));
}
