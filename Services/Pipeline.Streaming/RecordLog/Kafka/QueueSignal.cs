using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipeline.Streaming.RecordLog.Kafka.Native;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// Wakes the one thread that reads several native queues. Must outlive the client that the queues belong to, because the client's
/// threads call into it.
/// </summary>
internal sealed unsafe class QueueSignal : IDisposable
{
    private readonly AutoResetEvent _event = new(initialState: false);
    private readonly GCHandle _self;

    public QueueSignal() => _self = GCHandle.Alloc(this);

    /// <summary>Sets the signal whenever the queue becomes non-empty.</summary>
    public void Attach(nint queue)
    {
        LibRdKafka.NotifyWhenFilled(queue, &OnFilled, GCHandle.ToIntPtr(_self));

        // What came before is not told.
        Set();
    }

    public static void Detach(nint queue) => LibRdKafka.NotifyWhenFilled(queue, null, 0);

    public void Set() => _event.Set();

    /// <summary>Returns when the signal was set, or after the time.</summary>
    public void Wait(TimeSpan atMost) => _event.WaitOne(atMost);

    /// <summary>The event itself stays, for those who set it a little too late.</summary>
    public void Dispose() => _self.Free();

    // Called with the queue's lock held: must not call the client.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFilled(nint client, nint state) => ((QueueSignal)GCHandle.FromIntPtr(state).Target!)._event.Set();
}
