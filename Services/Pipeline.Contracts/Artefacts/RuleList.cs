using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>The rules as JSON, for tools that show or count them.</summary>
internal static class RuleList
{
    public static string Of(ContractModel contract) => ArtefactJson.Write(json =>
    {
        json.WriteStartArray();
        foreach (var rule in contract.Rules)
        {
            Write(json, rule);
        }

        json.WriteEndArray();
    });

    /// <summary>What a rule measures against, in words; empty when there is nothing to say.</summary>
    public static string Limit(ContractRule rule) => rule switch
    {
        { Min: { } min } => $"from {Iso8601.Format(min)}",
        { Check: RuleCheck.AgeMatchesDob, Within: { } years } => $"within {years} y",
        { Within: { } milliseconds } => $"within {TimeSpan.FromMilliseconds(milliseconds):c}",
        _ => string.Empty,
    };

    private static void Write(Utf8JsonWriter json, ContractRule rule)
    {
        json.WriteStartObject();
        json.WriteNumber("index", rule.Index);
        json.WriteString("id", rule.Id);
        json.WriteString("family", YamlMap.Hyphenated(rule.Family));
        json.WriteString("scope", YamlMap.Hyphenated(rule.Scope));
        json.WriteString("severity", YamlMap.Hyphenated(rule.Severity));
        json.WriteNumber("tolerance", rule.Tolerance);
        json.WriteStrings("fields", rule.Fields.Select(field => field.WireName()));
        json.WriteString("reason", rule.Reason == ReasonCode.None ? null : rule.Reason.WireName());
        json.WriteString("limit", Limit(rule) is { Length: > 0 } limit ? limit : null);
        json.WriteString("description", rule.Description);
        json.WriteEndObject();
    }
}
