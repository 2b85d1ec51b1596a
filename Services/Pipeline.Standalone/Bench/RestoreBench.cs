using System.Buffers;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// A checkpoint of the processor's whole topology with one open session per user (and as many event ids for deduplication and open windows),
/// saved to a file and restored from it. Counted is what a start does: find the newest file, read it, check it, give every step its state.
/// </summary>
internal static class RestoreBench
{
    private const int RecordsPerBatch = 1_000;
    private const long Start = 1_767_225_600_000;

    public static async Task<Figures> RunAsync(int users, HostSettings settings, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [directory.Setting] }, out _);
        builder.AddResultStore();
        await using var app = builder.Build();
        var store = app.Services.GetRequiredService<IResultStore>();
        var partition = new TopicPartition(Topics.Activity, 0);

        var topology = Topology(partition, store);
        Fill(topology, partition, users);
        var checkpoints = new FileCheckpointStore(directory.File("checkpoints"), "bench", durable: true);
        var (entries, bytes, save) = await SaveAsync(topology, partition, users, checkpoints, cancellationToken);

        // Once before, so that compiling the code is not what is measured.
        await RestoreAsync(Topology(partition, store), partition, checkpoints, cancellationToken);
        GC.Collect();
        var restored = Topology(partition, store);
        var meter = Meter.StartNew();
        await RestoreAsync(restored, partition, checkpoints, cancellationToken);
        var figures = meter.Stop().Figures("restore", users);
        figures["state_entries"] = entries;
        figures["restored_entries"] = restored.Steps.Sum(s => s.StateEntries);
        figures["checkpoint_mb"] = bytes >> 20;
        figures["seconds_to_save"] = Math.Round(save.TotalSeconds, 3);
        return figures;
    }

    private static Topology<PipelineEvent> Topology(TopicPartition partition, IResultStore store)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        return ProcessorTopology.Create(partition.Topic, rules, new ProcessorOptions(), new ResultSink(partition, store, rules, TimeProvider.System, "bench"));
    }

    private static void Fill(Topology<PipelineEvent> topology, TopicPartition partition, int users)
    {
        var batch = new StreamBatch<PipelineEvent>();
        var value = new ArrayBufferWriter<byte>(1024);
        using var builder = new RecordBatchBuilder();
        for (var from = 0; from < users; from += RecordsPerBatch)
        {
            builder.Clear();
            for (var i = from; i < Math.Min(users, from + RecordsPerBatch); i++)
            {
                value.ResetWrittenCount();
                ActivityEventJson.Write(value, BenchEvents.ActivityOf(i, Start + (i / 1_000)));
                builder.Add(BenchEvents.KeyOf(value.WrittenSpan), value.WrittenSpan, Start);
            }

            using var records = BenchEvents.ToRecords(builder, partition, from);
            batch.Load(records);
            topology.Process(batch);
            topology.Sink.Clear();
        }
    }

    private static async Task<(long Entries, long Bytes, TimeSpan Elapsed)> SaveAsync(
        Topology<PipelineEvent> topology, TopicPartition partition, int users, FileCheckpointStore checkpoints, CancellationToken cancellationToken)
    {
        var writer = new StateWriter();
        var meter = Meter.StartNew();
        Checkpoint.Write(writer, partition, 1, new TaskProgress(users, topology.Watermark, topology.MaxEventTime, default), Start, topology);
        await checkpoints.SaveAsync(partition, 1, writer.Written, cancellationToken);
        return (topology.Steps.Sum(s => s.StateEntries), writer.Written.Length, meter.Stop().Elapsed);
    }

    private static async Task RestoreAsync(Topology<PipelineEvent> topology, TopicPartition partition, FileCheckpointStore checkpoints, CancellationToken cancellationToken)
    {
        var newest = (await checkpoints.ListAsync(partition, cancellationToken))[0];
        Checkpoint.Read(await checkpoints.LoadAsync(partition, newest, cancellationToken)).Restore(topology);
    }
}
