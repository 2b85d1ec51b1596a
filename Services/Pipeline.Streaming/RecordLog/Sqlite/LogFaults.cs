using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Faults of the file as faults of the log; the sentence stays.</summary>
internal static class LogFaults
{
    public static RecordLogException Translate(SqliteFaultException fault) => new(fault.Message, fault.IsTransient, fault);

    public static T Translating<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteFaultException e)
        {
            throw Translate(e);
        }
    }
}
