using Pipeline.Contracts;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor.Steps;

/// <summary>Decodes every value; what is not an event of the contract becomes a dead letter.</summary>
internal sealed class Parse(QualityRules rules) : Step<PipelineEvent>(StepName)
{
    public const string StepName = "parse";

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        var eventTimes = batch.EventTimes;
        for (var i = 0; i < events.Length; i++)
        {
            ref var e = ref events[i];
            e.Warnings = 0;
            var result = EventDecoder.Decode(records.Value(i), ref e.Decoded);
            if (result.IsSuccess)
            {
                eventTimes[i] = e.Decoded.EventTime;
            }
            else
            {
                batch.Reject(i, (byte)result.Reason, (byte)result.Field, rules.RuleFor(result).Index, result.ErrorOffset);
            }
        }
    }
}
