using Pipeline.Contracts;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor.Steps;

/// <summary>Judges every event by the contract's row rules: broken ones of severity reject make a dead letter, the others are noted.</summary>
internal sealed class Quality(QualityRules rules) : Step<PipelineEvent>(StepName)
{
    public const string StepName = "quality";

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        for (var i = 0; i < events.Length; i++)
        {
            if (!batch.IsPending(i))
            {
                continue;
            }

            ref var e = ref events[i];
            var result = rules.Evaluate(in e.Decoded, records.Value(i), records.Timestamp(i));
            e.Warnings = result.Warnings;
            if (result.IsRejected)
            {
                batch.Reject(i, (byte)result.Reason, (byte)Field.None, result.RuleIndex);
            }
        }
    }
}
