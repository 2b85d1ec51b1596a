using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Processing.Steps;

/// <summary>Sends records whose finest window is closed for good to the late table instead of the store.</summary>
public sealed class DivertLate<TEvent>(TumblingWindows finest, AllowedLateness allowedLateness) : Step<TEvent>("lateness")
    where TEvent : struct
{
    public override void Process(StreamBatch<TEvent> batch)
    {
        var eventTimes = batch.EventTimes;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < eventTimes.Length; i++)
        {
            // Nearly every record is newer than the watermark, which needs no window to tell.
            if (eventTimes[i] < watermarks[i]
                && batch.IsPending(i)
                && allowedLateness.IsClosed(finest.StartOf(eventTimes[i]) + finest.Size, new Watermark(watermarks[i])))
            {
                batch.Divert(i, Outcome.Late);
            }
        }
    }
}
