using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Sqlite;
using Pipeline.Standalone.Bench;
using Pipeline.Storage;
using Pipeline.Storage.Sqlite;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;

namespace Pipeline.Benchmarks.Processing;

/// <summary>Time and allocations per event of what every event goes through, on batches of a thousand, in a state that has seen them before.</summary>
[MemoryDiagnoser]
[InProcess]
public class HotPathBenchmarks
{
    private const int Records = 1_000;

    private readonly StreamBatch<PipelineEvent> _batch = new();
    private RecordBatch _users = null!;
    private RecordBatch _activity = null!;
    private Topology<PipelineEvent> _windows = null!;
    private Topology<PipelineEvent> _sessions = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _users = CoreBench.Users(0, Records);
        _activity = CoreBench.Activity(0, Records);
        _windows = CoreBench.Windows(Sink(Topics.Users));
        _sessions = CoreBench.Sessions(Sink(Topics.Activity));
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _users.Dispose();
        _activity.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Decode()
    {
        var good = 0;
        var e = default(DecodedEvent);
        for (var i = 0; i < Records; i++)
        {
            good += EventDecoder.Decode(_users.Value(i), ref e).IsSuccess ? 1 : 0;
        }

        return good;
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Windows() => Process(_windows, _users);

    [Benchmark(OperationsPerInvoke = Records)]
    public int Sessions() => Process(_sessions, _activity);

    private int Process(Topology<PipelineEvent> topology, RecordBatch records)
    {
        _batch.Load(records);
        topology.Process(_batch);
        return _batch.Count;
    }

    // The store is never written to.
    private static ResultSink Sink(string topic)
    {
        var store = new SqliteResultStore(
            new DataDirectory(new DataDirectoryOptions()), Microsoft.Extensions.Options.Options.Create(new StorageOptions()), TimeProvider.System, NullLogger<SqliteResultStore>.Instance);
        return new ResultSink(new TopicPartition(topic, 0), store, new QualityRules(ContractModel.Embedded), TimeProvider.System, "bench");
    }
}
