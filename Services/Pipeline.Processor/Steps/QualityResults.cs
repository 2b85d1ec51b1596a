using Pipeline.Contracts;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Processor.Steps;

/// <summary>
/// How every rule did, per minute of the records' append: a dead letter may have no event time, but it has been appended. The last
/// step, because it looks at what became of each record.
/// </summary>
/// <remarks>
/// A record costs one update: what is counted are combinations of (rules checked, rules broken), which are few; they are broken
/// down to rules when a window is emitted.
/// </remarks>
internal sealed class QualityResults : Step<PipelineEvent>
{
    private const string DuplicateRuleId = "consistency.duplicate_event";

    // Log timestamps rise but for the producers' clocks; what is older than this counts in the oldest window still open.
    private static readonly AllowedLateness Disorder = AllowedLateness.Of(TimeSpan.FromMinutes(5));

    private readonly QualityRules _rules;
    private readonly ResultSink _sink;
    private readonly WindowAggregator<KeyedAggregates<RuleCombination, long>> _aggregator = new(
        TumblingWindows.OfMinutes, Disorder, () => new KeyedAggregates<RuleCombination, long>((ref long into, in long from) => into += from));

    private readonly Action<EmittedWindow<KeyedAggregates<RuleCombination, long>>> _emit;
    private readonly ulong _valueRules;
    private readonly ulong _duplicateRule;
    private readonly long[] _checked;
    private readonly long[] _failed;
    private long _newest = long.MinValue;

    public QualityResults(QualityRules rules, ResultSink sink)
        : base("quality-results")
    {
        _rules = rules;
        _sink = sink;
        _emit = Emit;
        _valueRules = Bits(rules.Rules.Where(r => r.Scope == RuleScope.Value));
        _duplicateRule = Bits(rules.Rules.Where(r => r.Id == DuplicateRuleId));
        _checked = new long[rules.Rules.Length];
        _failed = new long[rules.Rules.Length];
    }

    public override string StateDefinition => $"{VersionBefore}; v2";

    private string VersionBefore => $"tumbling minutes of append, rules {string.Join(' ', _rules.Rules.Select(r => r.Id))}";

    public override long StateEntries => _aggregator.Entries;

    public override bool Supersedes(string definition) => definition == VersionBefore;

    public override long Refused => _aggregator.Refused;

    public override bool HasUnflushed => _aggregator.HasUnemitted;

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        var statuses = batch.Statuses;
        for (var i = 0; i < statuses.Length; i++)
        {
            var time = records.Timestamp(i);
            _newest = Math.Max(_newest, time);
            time = Math.Max(time, _newest - Disorder.Milliseconds);

            if (_aggregator.Update(time, new Watermark(_newest)) is { } combinations)
            {
                combinations[CombinationOf(in statuses[i], in events[i])]++;
            }
        }

        _aggregator.Advance(new Watermark(_newest));
    }

    public override void Flush(bool early) => _aggregator.Emit(early, _emit);

    public override void StartIncomplete(long coveredFrom) => _aggregator.StartIncomplete(coveredFrom);

    public override void Save(StateWriter writer)
    {
        writer.Write(_newest);
        _aggregator.Save(writer);
    }

    public override void Restore(ref StateReader reader)
    {
        _newest = reader.Read<long>();
        _aggregator.Restore(ref reader);
    }

    private static ulong Bits(IEnumerable<ContractRule> rules) => rules.Aggregate(0ul, (bits, rule) => bits | (1ul << rule.Index));

    private RuleCombination CombinationOf(in RecordStatus status, in PipelineEvent e)
    {
        if (status.Outcome == Outcome.DeadLettered)
        {
            var broken = 1ul << status.Rule;
            var isValueRule = (broken & _valueRules) != 0;
            return isValueRule
                ? new RuleCombination(_valueRules, broken)
                : new RuleCombination(_valueRules | _rules.CheckedOn(e.Decoded.EventType), e.Warnings | broken);
        }

        var all = _valueRules | _rules.CheckedOn(e.Decoded.EventType) | _duplicateRule;
        return new RuleCombination(all, e.Warnings | (status.Outcome == Outcome.Duplicate ? _duplicateRule : 0));
    }

    private void Emit(EmittedWindow<KeyedAggregates<RuleCombination, long>> window)
    {
        Array.Clear(_checked);
        Array.Clear(_failed);
        var keys = window.Content.Keys;
        var counts = window.Content.Values;
        for (var k = 0; k < keys.Length; k++)
        {
            for (var rule = 0; rule < _checked.Length; rule++)
            {
                _checked[rule] += ((keys[k].Checked >> rule) & 1) == 0 ? 0 : counts[k];
                _failed[rule] += ((keys[k].Failed >> rule) & 1) == 0 ? 0 : counts[k];
            }
        }

        for (var rule = 0; rule < _checked.Length; rule++)
        {
            if (_checked[rule] > 0)
            {
                _sink.AddQuality(_rules.Rules[rule].Id, window.Window.Start, _checked[rule], _failed[rule]);
            }
        }
    }

    /// <summary>Bit per rule.</summary>
    private readonly record struct RuleCombination(ulong Checked, ulong Failed);
}
