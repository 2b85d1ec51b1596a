using System.Buffers;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Processor.Steps;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The engine alone: one thread, records in memory, the steps that the processor uses, results made and thrown away. Records are made a
/// piece at a time, so that memory stays small; making them is not counted, and neither are the first ones, during which the code is compiled.
/// </summary>
internal static class CoreBench
{
    private const int Warmup = 200_000;
    private const int RecordsPerBatch = 1_000;
    private const int BatchesPerPiece = 50;

    private static readonly ProcessorOptions Options = new();
    private static readonly AllowedLateness Lateness = AllowedLateness.Of(Options.AllowedLateness);

    /// <summary>Parse, validate, watermark, enrich, and windows of one minute by nationality, gender and the other dimensions.</summary>
    /// <param name="more">Windows beside those of one minute.</param>
    public static Topology<PipelineEvent> Windows(ResultSink sink, params (string Grain, HoppingWindows Windows)[] more)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        return Topology.From<PipelineEvent>(Topics.Users)
            .Then(new Parse(rules))
            .Then(new Quality(rules))
            .WithEventTime(EventTime)
            .Then(new Enrich())
            .Then(new Metrics(Topics.Users, Lateness, sink, earlyEvery: 1, [("minute", HoppingWindows.Of(TumblingWindows.OfMinutes)), .. more]))
            .To(sink, status => Rejections.Describe(rules, status));
    }

    /// <summary>Parse, validate, watermark, and sessions of 100,000 users.</summary>
    public static Topology<PipelineEvent> Sessions(ResultSink sink)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        return Topology.From<PipelineEvent>(Topics.Activity)
            .Then(new Parse(rules))
            .Then(new Quality(rules))
            .WithEventTime(EventTime)
            .Then(new Sessions(SessionWindows.WithGap(Options.SessionGap).WithMaxLength(Options.SessionMaxLength), TumblingWindows.OfMinutes, Lateness, sink))
            .To(sink, status => Rejections.Describe(rules, status));
    }

    public static Task<Figures> WindowsAsync(int events, HostSettings settings, CancellationToken cancellationToken)
        => MeasureAsync("core-windows", Topics.Users, sink => Windows(sink), UserValue, events, settings, cancellationToken);

    public static Task<Figures> SessionsAsync(int events, HostSettings settings, CancellationToken cancellationToken)
        => MeasureAsync("core-sessions", Topics.Activity, Sessions, ActivityValue, events, settings, cancellationToken);

    /// <summary>Writes the value of an event, and returns its time.</summary>
    private delegate long WriteValue(IBufferWriter<byte> target, int i);

    private static EventTimeSettings EventTime => new()
    {
        MaxOutOfOrderness = Options.MaxOutOfOrderness,
        MaxFutureSkew = Options.MaxFutureSkew,
        AllowedLateness = Options.AllowedLateness,
        IdleTimeout = Options.IdleTimeout,
    };

    /// <summary>Records <paramref name="from"/> to before <paramref name="to"/> of user events.</summary>
    public static RecordBatch Users(int from, int to)
    {
        using var builder = new RecordBatchBuilder();
        return Make(builder, Topics.Users, from, to, UserValue);
    }

    /// <inheritdoc cref="Users"/>
    public static RecordBatch Activity(int from, int to)
    {
        using var builder = new RecordBatchBuilder();
        return Make(builder, Topics.Activity, from, to, ActivityValue);
    }

    private static long UserValue(IBufferWriter<byte> target, int i)
    {
        var e = BenchEvents.User(i);
        UserEventJson.Write(target, e);
        return e.EventTime;
    }

    private static long ActivityValue(IBufferWriter<byte> target, int i)
    {
        var e = BenchEvents.Activity(i);
        ActivityEventJson.Write(target, e);
        return e.EventTime;
    }

    /// <summary>The sink is the processor's, over a store that nobody writes to.</summary>
    private static async Task<Figures> MeasureAsync(
        string name, string topic, Func<ResultSink, Topology<PipelineEvent>> topology, WriteValue write, int events, HostSettings settings, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [directory.Setting] }, out _);
        builder.AddResultStore();
        await using var app = builder.Build();
        var sink = new ResultSink(new TopicPartition(topic, 0), app.Services.GetRequiredService<IResultStore>(), new QualityRules(ContractModel.Embedded), TimeProvider.System, "bench");
        return Measure(name, topology(sink), events, write, cancellationToken);
    }

    private static Figures Measure(string name, Topology<PipelineEvent> topology, int events, WriteValue write, CancellationToken cancellationToken)
    {
        var meter = new Meter();
        var batch = new StreamBatch<PipelineEvent>();
        var results = 0L;
        var bytes = 0L;
        var hotPath = 0L;
        var hotPathOfSecondHalf = 0L;
        using var builder = new RecordBatchBuilder();
        var pieces = new List<RecordBatch>();
        for (var done = 0; done < Warmup + events;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var end = Math.Min(done < Warmup ? Warmup : Warmup + events, done + (RecordsPerBatch * BatchesPerPiece));
            for (var i = done; i < end; i += RecordsPerBatch)
            {
                pieces.Add(Make(builder, topology.Source, i, Math.Min(end, i + RecordsPerBatch), write));
                bytes += builder.ByteCount;
            }

            if (done >= Warmup)
            {
                meter.Start();
            }

            foreach (var records in pieces)
            {
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                batch.Load(records);
                topology.Process(batch);
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                hotPath += done >= Warmup ? allocated : 0;
                hotPathOfSecondHalf += done >= Warmup + (events / 2) ? allocated : 0;
                topology.Flush(early: false);
                results += topology.Sink.PendingRows;
                topology.Sink.Clear();
            }

            if (done >= Warmup)
            {
                meter.Stop();
            }

            pieces.ForEach(p => p.Dispose());
            pieces.Clear();
            done = end;
        }

        var figures = meter.Figures(name, events);
        figures["bytes_per_event"] = Math.Round(bytes / (double)(Warmup + events));
        figures["results"] = results;

        // The state that grows is in it; rows of results are not, they are made when state is flushed. With enough events the second half grows no more.
        figures["hot_path_bytes_per_event"] = Math.Round(hotPath / (double)events, 3);
        figures["hot_path_bytes_per_event_of_second_half"] = Math.Round(hotPathOfSecondHalf / (events / 2.0), 3);
        figures["state_entries"] = topology.Steps.Sum(s => s.StateEntries);
        return figures;
    }

    private static RecordBatch Make(RecordBatchBuilder builder, string topic, int from, int to, WriteValue write)
    {
        builder.Clear();
        var value = new ArrayBufferWriter<byte>(1024);
        for (var i = from; i < to; i++)
        {
            value.ResetWrittenCount();
            var time = write(value, i);
            builder.Add(BenchEvents.KeyOf(value.WrittenSpan), value.WrittenSpan, time);
        }

        return BenchEvents.ToRecords(builder, new TopicPartition(topic, 0), from);
    }
}
