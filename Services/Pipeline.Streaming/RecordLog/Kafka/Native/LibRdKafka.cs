using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka.Native;

/// <summary>
/// The part of librdkafka that Confluent.Kafka does not show: a queue per partition, and messages by the hundred. Taken for speed: a
/// <c>Consume</c> per record costs more than everything else that happens to it. Clients are made and configured by Confluent.Kafka,
/// and this is the library that it has loaded. <see href="https://docs.confluent.io/platform/current/clients/librdkafka/html/rdkafka_8h.html"/>
/// </summary>
internal static unsafe partial class LibRdKafka
{
    private const string Library = "librdkafka";

    static LibRdKafka() => NativeLibrary.SetDllImportResolver(typeof(LibRdKafka).Assembly, Resolve);

    /// <summary>The native handle of a client; valid as long as the client is not disposed.</summary>
    public static nint HandleOf(IClient client) => ((SafeHandle)NativeHandle(client.Handle)).DangerousGetHandle();

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    public static partial nint ConsumerQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_partition", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint QueueOfPartition(nint client, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_forward")]
    public static partial void Forward(nint source, nint destination);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_cb_event_enable")]
    public static partial void NotifyWhenFilled(nint queue, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint state);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void DestroyQueue(nint queue);

    /// <summary>Takes what is there, at most <paramref name="size"/> messages; runs the client's callbacks.</summary>
    /// <returns>How many messages, or −1.</returns>
    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatch(nint queue, int timeoutMilliseconds, Message** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void DestroyMessage(Message* message);

    // A look at a field.
    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]
    public static partial long Timestamp(Message* message, int* kind);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    public static partial int Headers(Message* message, nint* headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    public static partial int Header(nint headers, nuint index, byte** name, byte** value, nuint* valueLength);

    /// <summary>The library itself.</summary>
    /// <exception cref="DllNotFoundException">There is none for this system.</exception>
    public static nint Load()
    {
        // The order in which Confluent.Kafka tries them; a second copy would not know its clients.
        string[] candidates = RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) || IsAlpine()
            ? ["alpine-librdkafka"]
            : ["librdkafka", "centos8-librdkafka"];
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, typeof(IClient).Assembly, null, out var handle))
            {
                return handle;
            }
        }

        throw new DllNotFoundException("librdkafka could not be loaded on this system.");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == Library ? Load() : 0;

    private static bool IsAlpine() => File.Exists("/etc/alpine-release");

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object NativeHandle(Handle handle);

    /// <summary><c>rd_kafka_message_t</c>. With an error, the payload is its text.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public ErrorCode Error;
        public nint Topic;
        public int Partition;
        public byte* Payload;
        public nuint PayloadLength;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Private;
    }
}
