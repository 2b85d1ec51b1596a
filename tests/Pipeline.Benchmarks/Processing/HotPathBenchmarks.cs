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
using Pipeline.Streaming.Windowing;

namespace Pipeline.Benchmarks.Processing;

/// <summary>Time and allocations per event of what every event goes through, on batches of a thousand, in a state that has seen them before.</summary>
[MemoryDiagnoser]
[ExceptionDiagnoser]
[InProcess]
public class HotPathBenchmarks
{
    private const int Records = 1_000;

    private readonly StreamBatch<PipelineEvent> _batch = new();
    private RecordBatch _users = null!;
    private RecordBatch _activity = null!;
    private RecordBatch _poison = null!;
    private Topology<PipelineEvent> _windows = null!;
    private Topology<PipelineEvent> _hopping = null!;
    private Topology<PipelineEvent> _sessions = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _users = CoreBench.Users(0, Records);
        _activity = CoreBench.Activity(0, Records);
        _poison = Poisoned(_users);
        _windows = CoreBench.Windows(Sink(Topics.Users));
        _hopping = CoreBench.Windows(Sink(Topics.Users), ("rolling_60m", HoppingWindows.Of(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1))));
        _sessions = CoreBench.Sessions(Sink(Topics.Activity));
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _users.Dispose();
        _activity.Dispose();
        _poison.Dispose();
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

    /// <summary>Windows of one minute, and beside them those of an hour that overlap sixty times: both share their panes.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int WindowsAndHopping() => Process(_hopping, _users);

    [Benchmark(OperationsPerInvoke = Records)]
    public int Sessions() => Process(_sessions, _activity);

    /// <summary>Records of which each becomes a dead letter, up to the handing over to whoever writes it.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int Poison() => Process(_windows, _poison);

    private int Process(Topology<PipelineEvent> topology, RecordBatch records)
    {
        _batch.Load(records);
        topology.Process(_batch);
        return _batch.Count;
    }

    /// <summary>Every record is broken in one of three ways, and only at its end, so that all of it is read first: cut off, its last text not ended, its last text no UTF-8.</summary>
    private static RecordBatch Poisoned(RecordBatch good)
    {
        using var builder = new RecordBatchBuilder();
        for (var i = 0; i < good.Count; i++)
        {
            var value = good.Value(i).ToArray();
            switch (i % 3)
            {
                case 0:
                    value = value[..^1];
                    break;
                case 1:
                    value[^2] = (byte)' ';
                    break;
                default:
                    value[^3] = 0xFF;
                    break;
            }

            builder.Add(good.Key(i), value, good.Timestamp(i));
        }

        return BenchEvents.ToRecords(builder, good.TopicPartition, 0);
    }

    // The store is never written to.
    private static ResultSink Sink(string topic)
    {
        var store = new SqliteResultStore(
            new DataDirectory(new DataDirectoryOptions()), Microsoft.Extensions.Options.Options.Create(new StorageOptions()), TimeProvider.System, NullLogger<SqliteResultStore>.Instance);
        return new ResultSink(new TopicPartition(topic, 0), store, new QualityRules(ContractModel.Embedded), TimeProvider.System, "bench");
    }
}
