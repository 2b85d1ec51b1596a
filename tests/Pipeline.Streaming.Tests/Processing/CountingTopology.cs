using System.Globalization;
using System.Text;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Processing.Steps;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>An event of the tests: <c>id,key,time</c> as text.</summary>
internal struct CountingEvent
{
    public int Id;
    public int Key;
}

/// <summary>The smallest topology with everything in it: decode → event time → deduplicate → lateness → count per minute and key.</summary>
internal static class CountingTopology
{
    public const byte Malformed = 1;

    public static readonly TopicPartition Partition = new("t", 0);

    public static readonly EventTimeSettings EventTime = new()
    {
        MaxOutOfOrderness = TimeSpan.FromSeconds(20),
        AllowedLateness = TimeSpan.FromSeconds(40),
        MaxFutureSkew = TimeSpan.FromMinutes(5),
    };

    public static readonly TimeSpan Horizon = TimeSpan.FromMinutes(5);

    public static Topology<CountingEvent> Create(MemorySink sink, TumblingWindows? windows = null, bool isOlderVersion = false, int earlyEvery = 1)
    {
        var lateness = AllowedLateness.Of(EventTime.AllowedLateness);
        var minutes = windows ?? TumblingWindows.OfMinutes;
        return Topology.From<CountingEvent>(Partition.Topic)
            .Then(new Decode())
            .WithEventTime(EventTime)
            .Then(new Deduplicate<CountingEvent>((in CountingEvent e) => IdOf(e.Id), Horizon))
            .Then(new DivertLate<CountingEvent>(minutes, lateness))
            .Then(new Count(minutes, lateness, sink, isOlderVersion, earlyEvery))
            .To(sink, Describe);
    }

    public static TestRecord Record(int id, int key, long time, long appended) => new($"{id},{key},{time}", appended, $"k{key}");

    public static TestRecord Poison(long appended) => new("poison", appended, "p");

    public static Guid IdOf(int id) => new(id, 0, 0, new byte[8]);

    public static bool TryDecode(ReadOnlySpan<byte> value, out CountingEvent e, out long time)
    {
        var parts = Encoding.UTF8.GetString(value).Split(',');
        e = default;
        time = 0;
        return parts.Length == 3
            && int.TryParse(parts[0], CultureInfo.InvariantCulture, out e.Id)
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out e.Key)
            && long.TryParse(parts[2], CultureInfo.InvariantCulture, out time);
    }

    private static Rejection Describe(RecordStatus status) => new("malformed", "", "The value is not id,key,time.", "decode");

    private sealed class Decode() : Step<CountingEvent>("decode")
    {
        public override void Process(StreamBatch<CountingEvent> batch)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                if (!TryDecode(batch.Records.Value(i), out batch.Events[i], out batch.EventTimes[i]))
                {
                    batch.Reject(i, Malformed);
                }
            }
        }
    }

    private sealed class Count(TumblingWindows windows, AllowedLateness lateness, MemorySink sink, bool isOlderVersion, int earlyEvery) : Step<CountingEvent>("count")
    {
        private readonly WindowAggregator<KeyedAggregates<int, long>> _aggregator = new(windows, lateness, () => new((ref long into, in long from) => into += from));

        public override string StateDefinition => isOlderVersion ? OlderDefinition : windows.ToString();

        private string OlderDefinition => $"{windows}; v0";

        public override int EarlyEvery => earlyEvery;

        public override bool HasUnflushed => _aggregator.HasUnemitted;

        public override bool Supersedes(string definition) => !isOlderVersion && definition == OlderDefinition;

        public override void Process(StreamBatch<CountingEvent> batch)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.IsPending(i))
                {
                    _aggregator.Update(batch.EventTimes[i], batch.WatermarkAt(i))![batch.Events[i].Key]++;
                }
            }
        }

        public override void OnWatermark(Watermark watermark) => _aggregator.Advance(watermark);

        public override void Flush(bool early) => _aggregator.Emit(early, window =>
        {
            for (var k = 0; k < window.Content.Keys.Length; k++)
            {
                sink.AddWindow(window.Window.Start, window.Content.Keys[k], window.Content.Values[k], window.IsFinal, window.IsLateUpdate);
            }
        });

        public override void StartIncomplete(long coveredFrom) => _aggregator.StartIncomplete(coveredFrom);

        public override void Save(StateWriter writer) => _aggregator.Save(writer);

        public override void Restore(ref StateReader reader) => _aggregator.Restore(ref reader);
    }
}
