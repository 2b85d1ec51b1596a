using System.Text.Json.Serialization;

namespace Pipeline.Ingest.QualityReport;

/// <summary>How often a rule was checked, and how often it failed.</summary>
internal sealed record RuleCount(
    [property: JsonPropertyName("rule_id")] string RuleId,
    [property: JsonPropertyName("checked")] long Checked,
    [property: JsonPropertyName("failed")] long Failed)
{
    [JsonPropertyName("failed_ratio")]
    public double FailedRatio => Checked == 0 ? 0 : (double)Failed / Checked;
}

/// <summary>Whether a rule fails in an hour as often as it did in the days before.</summary>
/// <param name="StandardScore">Standard deviations between the two ratios, as the two-proportion z-test has them; 0 when either was never checked.</param>
/// <param name="IsDrift">The difference is too large for chance, and large enough to matter.</param>
internal sealed record RuleDrift(
    [property: JsonPropertyName("rule_id")] string RuleId,
    [property: JsonPropertyName("failed_ratio")] double FailedRatio,
    [property: JsonPropertyName("baseline_ratio")] double BaselineRatio,
    [property: JsonPropertyName("standard_score")] double StandardScore,
    [property: JsonPropertyName("is_drift")] bool IsDrift)
{
    // By chance one comparison in 16,000 is beyond it: with twenty rules an hour, less than once a month.
    private const double Score = 4;

    // A thousandth more of something is seen at once in a large stream, and nobody would act on it.
    private const double Difference = 0.005;

    public static RuleDrift Of(RuleCount hour, RuleCount baseline)
    {
        if (hour.Checked == 0 || baseline.Checked == 0)
        {
            return new RuleDrift(hour.RuleId, hour.FailedRatio, baseline.FailedRatio, 0, false);
        }

        var pooled = (double)(hour.Failed + baseline.Failed) / (hour.Checked + baseline.Checked);
        var deviation = Math.Sqrt(pooled * (1 - pooled) * ((1.0 / hour.Checked) + (1.0 / baseline.Checked)));
        var difference = hour.FailedRatio - baseline.FailedRatio;
        var score = deviation == 0 ? 0 : difference / deviation;
        return new RuleDrift(hour.RuleId, hour.FailedRatio, baseline.FailedRatio, score, Math.Abs(score) >= Score && Math.Abs(difference) >= Difference);
    }
}
