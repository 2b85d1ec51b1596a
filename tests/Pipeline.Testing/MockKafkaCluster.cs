using System.Runtime.InteropServices;
using Confluent.Kafka;
using Pipeline.Streaming.RecordLog.Kafka.Native;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// Brokers inside this process, from librdkafka itself: they speak the protocol over sockets, keep what is produced in memory, and
/// know groups, but can neither create topics on request nor look offsets up by time.
/// <see href="https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h"/>
/// </summary>
public sealed unsafe class MockKafkaCluster : IDisposable
{
    private readonly IProducer<Null, Null> _host = new ProducerBuilder<Null, Null>(new ProducerConfig { BootstrapServers = "127.0.0.1:1" })
        .SetLogHandler((_, _) => { })
        .SetErrorHandler((_, _) => { })
        .Build();

    private readonly nint _cluster;

    public MockKafkaCluster(int brokers = 1)
    {
        _cluster = ((delegate* unmanaged[Cdecl]<nint, int, nint>)Export("rd_kafka_mock_cluster_new"))(LibRdKafka.HandleOf(_host), brokers);
        Assert.NotEqual(0, _cluster);
        ((delegate* unmanaged[Cdecl]<nint, int, void>)Export("rd_kafka_mock_group_initial_rebalance_delay_ms"))(_cluster, 0);
        var servers = ((delegate* unmanaged[Cdecl]<nint, byte*>)Export("rd_kafka_mock_cluster_bootstraps"))(_cluster);
        BootstrapServers = Marshal.PtrToStringUTF8((nint)servers)!;
    }

    public string BootstrapServers { get; }

    public void CreateTopic(string name, int partitions)
    {
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name + '\0'))
        {
            var error = (ErrorCode)((delegate* unmanaged[Cdecl]<nint, byte*, int, int, int>)Export("rd_kafka_mock_topic_create"))(_cluster, text, partitions, 1);
            Assert.Equal(ErrorCode.NoError, error);
        }
    }

    /// <summary>The next requests of this kind fail, one error each.</summary>
    public void FailNext(short apiKey, params ErrorCode[] errors)
    {
        fixed (ErrorCode* codes = errors)
        {
            ((delegate* unmanaged[Cdecl]<nint, short, nuint, ErrorCode*, void>)Export("rd_kafka_mock_push_request_errors_array"))(_cluster, apiKey, (nuint)errors.Length, codes);
        }
    }

    /// <summary>Requests of this kind no longer fail, if some of <see cref="FailNext"/> are left.</summary>
    public void FailNoMore(short apiKey) => ((delegate* unmanaged[Cdecl]<nint, short, void>)Export("rd_kafka_mock_clear_request_errors"))(_cluster, apiKey);

    /// <summary>From now on <see cref="StopCounting"/> counts.</summary>
    public void StartCounting()
    {
        Call("rd_kafka_mock_clear_requests");
        Call("rd_kafka_mock_start_request_tracking");
    }

    /// <summary>How many requests of a kind have come since <see cref="StartCounting"/>.</summary>
    public int CountOf(short apiKey)
    {
        nuint size;
        var requests = ((delegate* unmanaged[Cdecl]<nint, nuint*, nint*>)Export("rd_kafka_mock_get_requests"))(_cluster, &size);
        var keyOf = (delegate* unmanaged[Cdecl]<nint, short>)Export("rd_kafka_mock_request_api_key");
        var count = 0;
        for (nuint i = 0; i < size; i++)
        {
            count += keyOf(requests[i]) == apiKey ? 1 : 0;
        }

        ((delegate* unmanaged[Cdecl]<nint*, nuint, void>)Export("rd_kafka_mock_request_destroy_array"))(requests, size);
        return count;
    }

    /// <inheritdoc cref="CountOf"/>
    public int StopCounting(short apiKey)
    {
        var count = CountOf(apiKey);
        Call("rd_kafka_mock_stop_request_tracking");
        return count;
    }

    /// <summary>Another broker leads the partition, or with −1 none does.</summary>
    public void SetLeader(string topic, int partition, int broker)
    {
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(topic + '\0'))
        {
            var error = (ErrorCode)((delegate* unmanaged[Cdecl]<nint, byte*, int, int, int>)Export("rd_kafka_mock_partition_set_leader"))(_cluster, text, partition, broker);
            Assert.Equal(ErrorCode.NoError, error);
        }
    }

    /// <summary>What brokers answer about a topic, whoever asks; <see cref="ErrorCode.NoError"/> ends it.</summary>
    public void SetTopicError(string topic, ErrorCode error)
    {
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(topic + '\0'))
        {
            ((delegate* unmanaged[Cdecl]<nint, byte*, int, void>)Export("rd_kafka_mock_topic_set_error"))(_cluster, text, (int)error);
        }
    }

    /// <summary>The broker closes its connections and takes none, or does again.</summary>
    public void SetUp(int broker, bool up)
        => ((delegate* unmanaged[Cdecl]<nint, int, int>)Export(up ? "rd_kafka_mock_broker_set_up" : "rd_kafka_mock_broker_set_down"))(_cluster, broker);

    /// <summary>How late every answer of all brokers comes.</summary>
    public void SetRoundTrip(TimeSpan time)
        => ((delegate* unmanaged[Cdecl]<nint, int, int, void>)Export("rd_kafka_mock_broker_set_rtt"))(_cluster, -1, (int)time.TotalMilliseconds);

    public void Dispose()
    {
        ((delegate* unmanaged[Cdecl]<nint, void>)Export("rd_kafka_mock_cluster_destroy"))(_cluster);
        _host.Dispose();
    }

    private void Call(string function) => ((delegate* unmanaged[Cdecl]<nint, void>)Export(function))(_cluster);

    private static nint Export(string name) => NativeLibrary.GetExport(LibRdKafka.Load(), name);
}
