using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing.Steps;

/// <summary>Advances the partition's watermark record by record and notes it beside each record.</summary>
public sealed class AssignWatermarks<TEvent> : Step<TEvent>
    where TEvent : struct
{
    private WatermarkGenerator _generator;

    public AssignWatermarks(EventTimeSettings settings)
        : base("event-time")
    {
        Settings = settings;
        _generator = new WatermarkGenerator(settings.MaxOutOfOrderness, settings.MaxFutureSkew);
    }

    public EventTimeSettings Settings { get; }

    public Watermark Current => _generator.Current;

    public long MaxEventTime => _generator.MaxEventTime;

    /// <summary>Records whose event time was too far in the future to move the watermark.</summary>
    public long FromTheFuture { get; private set; }

    public override string StateDefinition => Settings.Definition;

    public override void Process(StreamBatch<TEvent> batch)
    {
        var records = batch.Records;
        var eventTimes = batch.EventTimes;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < eventTimes.Length; i++)
        {
            if (batch.IsPending(i) && !_generator.Observe(eventTimes[i], records.Timestamp(i)))
            {
                FromTheFuture++;
            }

            watermarks[i] = _generator.Current.Value;
        }
    }

    public override void Save(StateWriter writer)
    {
        writer.Write(_generator.MaxEventTime);
        writer.Write(FromTheFuture);
    }

    public override void Restore(ref StateReader reader)
    {
        _generator.Restore(reader.Read<long>());
        FromTheFuture = reader.Read<long>();
    }
}
