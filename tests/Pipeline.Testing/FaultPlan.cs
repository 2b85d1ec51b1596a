using Pipeline.Streaming;
using Pipeline.Streaming.Processing;

namespace Pipeline.Testing;

/// <summary>Kills a task before or after one of its effects: the hook throws, and the test throws the task away as a crash would.</summary>
/// <param name="at">The effect's occurrence, counted from 1, at which it strikes.</param>
public sealed class FaultPlan(Effect effect, bool done, int at)
{
    private int _seen;

    public bool HasStruck { get; private set; }

    public void OnEffect(TopicPartition partition, Effect current, bool currentDone)
    {
        if (current == effect && currentDone == done && ++_seen == at)
        {
            HasStruck = true;
            throw new CrashException($"{partition}: killed {(done ? "after" : "before")} {effect}, occurrence {at}");
        }
    }
}

/// <summary>Stands for the end of the process.</summary>
public sealed class CrashException(string message) : Exception(message);
