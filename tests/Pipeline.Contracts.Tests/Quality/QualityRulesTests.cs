using System.Text;

namespace Pipeline.Contracts.Tests.Quality;

public class QualityRulesTests
{
    private const long Soon = 1_000;
    private static readonly QualityRules Rules = new(ContractModel.Embedded);

    [Fact]
    public void Evaluate_GoodUser_BreaksNothing()
        => Assert.Equal(new QualityResult(ReasonCode.None, -1, 0), Evaluate(SampleEvents.UserBytes));

    [Fact]
    public void Evaluate_GoodActivity_BreaksNothing()
        => Assert.Equal(new QualityResult(ReasonCode.None, -1, 0), Evaluate(SampleEvents.ActivityBytes));

    [Theory]
    [InlineData("\"age\":36", "\"age\":121", "consistency.age_range", ReasonCode.OutOfRange)]
    [InlineData("\"age\":36", "\"age\":-1", "consistency.age_range", ReasonCode.OutOfRange)]
    [InlineData("john@example.com", "john", "schema.email_shape", ReasonCode.BadFormat)]
    [InlineData("\"dob\":\"1990", "\"dob\":\"2990", "consistency.dob_in_past", ReasonCode.OutOfRange)]
    [InlineData("\"event_time\":\"2026", "\"event_time\":\"1999", "consistency.event_time_sane", ReasonCode.OutOfRange)]
    public void Evaluate_RejectingRuleBroken_NamesIt(string good, string bad, string rule, ReasonCode reason)
    {
        var result = Evaluate(SampleEvents.With(good, bad));

        Assert.True(result.IsRejected);
        Assert.Equal((rule, reason), (Rules.Rules[result.RuleIndex].Id, result.Reason));
    }

    [Theory]
    [InlineData("\"age\":36", "\"age\":34", "consistency.age_matches_dob")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"ZZ\"", "consistency.nationality_known")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"DE\"", "consistency.nationality_matches_country")]
    [InlineData("https://example.com", "ftp://example.com", "schema.picture_url")]
    public void Evaluate_WarningRuleBroken_SetsItsBit(string good, string bad, string rule)
    {
        var result = Evaluate(SampleEvents.With(good, bad));

        Assert.Equal(new QualityResult(ReasonCode.None, -1, BitOf(rule)), result);
    }

    [Theory]
    [InlineData("\"age\":36", "\"age\":35")]
    [InlineData("\"age\":36", "\"age\":37")]
    [InlineData("\"age\":36,", "")]
    [InlineData("\"dob\":\"1990-01-15T10:30:00.000Z\"", "\"dob\":null")]
    [InlineData("NY, USA\"", "NY, United States\"")]
    [InlineData("NY, USA\"", "NY, United \\u0053tates\"")]
    [InlineData("\"address\":\"123 Main St, New York, NY, USA\"", "\"address\":null")]
    [InlineData("https://example.com/", "https:\\/\\/example.com\\/")]
    [InlineData("\"picture\":\"https://example.com/portraits/men/1.jpg\"", "\"picture\":null")]
    public void Evaluate_WithinTheRules_BreaksNothing(string standard, string variation)
        => Assert.Equal(new QualityResult(ReasonCode.None, -1, 0), Evaluate(SampleEvents.With(standard, variation)));

    [Theory]
    [InlineData(15 * 60_000, false)]
    [InlineData((15 * 60_000) + 1, true)]
    public void Evaluate_AppendedAfterItsObjective_IsStale(long delay, bool isStale)
        => Assert.Equal(isStale ? BitOf("freshness.objective") : 0, Evaluate(SampleEvents.UserBytes, SampleEvents.User.EventTime + delay).Warnings);

    [Fact]
    public void Evaluate_Activity_HasItsOwnObjective()
        => Assert.Equal(BitOf("freshness.objective"), Evaluate(SampleEvents.ActivityBytes, SampleEvents.Activity.EventTime + 60_001).Warnings);

    [Theory]
    [InlineData(5 * 60_000, false)]
    [InlineData((5 * 60_000) + 1, true)]
    public void Evaluate_EventFromTheFuture_Warns(long ahead, bool warns)
        => Assert.Equal(
            warns ? BitOf("consistency.event_time_not_future") : 0,
            Evaluate(SampleEvents.UserBytes, SampleEvents.User.EventTime - ahead).Warnings);

    [Fact]
    public void Evaluate_SeveralBroken_RejectsByTheFirstAndKeepsWarnings()
    {
        var value = SampleEvents.Replace(SampleEvents.With("\"age\":36", "\"age\":500"), "\"nationality\":\"US\"", "\"nationality\":\"ZZ\"");

        var result = Evaluate(value);

        Assert.Equal("consistency.age_range", Rules.Rules[result.RuleIndex].Id);
        Assert.Equal(BitOf("consistency.nationality_known") | BitOf("consistency.age_matches_dob"), result.Warnings);
    }

    [Fact]
    public void Evaluate_ContractWithOtherSeverity_FollowsIt()
    {
        var rules = new QualityRules(ContractFile.Changed("severity: warn\n    tolerance: 0.05\n    fields: [age, dob]", "severity: reject\n    fields: [age, dob]"));

        var result = Evaluate(SampleEvents.With("\"age\":36", "\"age\":20"), rules: rules);

        Assert.Equal((ReasonCode.Inconsistent, "consistency.age_matches_dob"), (result.Reason, rules.Rules[result.RuleIndex].Id));
    }

    [Theory]
    [InlineData("max: 120", "max: 35", "consistency.age_range")]
    [InlineData("2000-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "consistency.event_time_sane")]
    public void Evaluate_ContractWithOtherLimit_FollowsIt(string old, string changed, string rule)
    {
        var rules = new QualityRules(ContractFile.Changed(old, changed));

        var result = Evaluate(SampleEvents.UserBytes, rules: rules);

        Assert.Equal(rule, rules.Rules[result.RuleIndex].Id);
    }

    [Fact]
    public void Evaluate_ContractWithoutTheRule_DoesNotCheck()
    {
        var text = ContractFile.Text;
        var start = text.IndexOf("  - id: consistency.age_range", StringComparison.Ordinal);
        var end = text.IndexOf("  - id: ", start + 1, StringComparison.Ordinal);
        var rules = new QualityRules(ContractFile.Load(text.Remove(start, end - start)));

        Assert.False(Evaluate(SampleEvents.With("\"age\":36", "\"age\":500"), rules: rules).IsRejected);
    }

    [Theory]
    [InlineData(ReasonCode.MissingField, Field.EventTime, "completeness.timestamp")]
    [InlineData(ReasonCode.MissingField, Field.Email, "schema.required")]
    [InlineData(ReasonCode.NullField, Field.Email, "completeness.critical_fields")]
    [InlineData(ReasonCode.MalformedJson, Field.None, "schema.well_formed")]
    [InlineData(ReasonCode.UnknownSchema, Field.SchemaVersion, "schema.known_version")]
    [InlineData(ReasonCode.OutOfRange, Field.Age, "schema.integer")]
    public void RuleFor_FailedDecode_NamesTheRule(ReasonCode reason, Field field, string rule)
        => Assert.Equal(rule, Rules.RuleFor(new DecodeResult(reason, -1, field)).Id);

    [Fact]
    public void RuleFor_EveryReasonOfTheDecoder_HasARuleThatRejects()
        => Assert.All(EventDecoder.Reasons, reason => Assert.Equal(RuleSeverity.Reject, Rules.RuleFor(new DecodeResult(reason)).Severity));

    [Fact]
    public void RuleFor_Success_IsRefused()
        => Assert.Throws<ArgumentException>(() => Rules.RuleFor(new DecodeResult(ReasonCode.None)));

    [Fact]
    public void CheckedOn_Activity_HasOnlyRulesOfItsFields()
    {
        string[] expected = ["consistency.event_time_sane", "consistency.event_time_not_future", "freshness.objective"];

        Assert.Equal(expected, Rules.Rules.Where(rule => (Rules.CheckedOn(EventType.Login) & (1UL << rule.Index)) != 0).Select(rule => rule.Id));
        Assert.Equal(0UL, Rules.CheckedOn(EventType.Unknown));
    }

    [Fact]
    public void Evaluate_GoodAndBadEvents_AllocateNothing()
    {
        byte[][] values =
        [
            SampleEvents.UserBytes,
            SampleEvents.ActivityBytes,
            SampleEvents.With("\"age\":36", "\"age\":500"),
            SampleEvents.With("\"age\":36", "\"age\":34"),
            SampleEvents.With("NY, USA", "NY, \\u0055SA"),
            SampleEvents.With("https:", "h\\u0074tps:"),
        ];
        _ = EvaluateAll(values);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var broken = EvaluateAll(values);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0UL, broken);
    }

    [Fact]
    public void Tolerates_ShareOfAWindow_CountsUpToIt()
    {
        var rule = Rules.Rules.Single(rule => rule.Id == "consistency.nationality_known");

        Assert.True(rule.Tolerates(1, 100));
        Assert.False(rule.Tolerates(2, 100));
        Assert.True(rule.Tolerates(0, 0));
    }

    private static ulong EvaluateAll(byte[][] values)
    {
        var broken = 0UL;
        foreach (var value in values)
        {
            var e = default(DecodedEvent);
            EventDecoder.Decode(value, ref e);
            broken |= Rules.Evaluate(in e, value, e.EventTime).Warnings;
        }

        return broken;
    }

    private static QualityResult Evaluate(byte[] value, long? appendedAt = null, QualityRules? rules = null)
    {
        var decoded = SampleEvents.Decode(value, out var e);
        Assert.True(decoded.IsSuccess, decoded.Describe() + Encoding.UTF8.GetString(value));
        return (rules ?? Rules).Evaluate(in e, value, appendedAt ?? e.EventTime + Soon);
    }

    private static ulong BitOf(string rule) => 1UL << Rules.Rules.Single(r => r.Id == rule).Index;
}
