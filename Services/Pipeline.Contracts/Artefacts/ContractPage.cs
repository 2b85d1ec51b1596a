using System.Globalization;
using System.Text;

namespace Pipeline.Contracts;

/// <summary>The contract as a page of documentation.</summary>
internal static class ContractPage
{
    public static string Of(ContractModel contract)
    {
        var page = new StringBuilder();
        Line(page, $"# Event contract");
        Line(page, $"");
        Line(page, $"Made from `Services/Pipeline.Contracts/events.contract.yaml` by the tests of `Pipeline.Contracts`; do not edit it by hand.");
        Line(page, $"A value is one JSON object in UTF-8. Members that are not listed are allowed and skipped; the listed ones occur at most once.");
        Line(page, $"A field that may be null may also be absent; an empty text without a format counts as null.");
        foreach (var topic in contract.Topics)
        {
            WriteTopic(page, topic);
        }

        WriteRules(page, contract);
        WritePersonal(page, contract);
        return page.ToString();
    }

    private static void WriteTopic(StringBuilder page, ContractTopic topic)
    {
        Line(page, $"");
        Line(page, $"## `{topic.Name}`: {topic.Record}");
        Line(page, $"");
        Line(page, $"{topic.Description}");
        Line(page, $"");
        Line(page, $"- Owner: {topic.Owner}");
        Line(page, $"- Event types: {string.Join(", ", topic.EventTypes.Select(type => $"`{type}`"))}");
        Line(page, $"- Schema version {topic.SchemaVersion}; at most {topic.MaxValueBytes:N0} bytes and {topic.MaxDepth} levels deep");
        Line(page, $"- Freshness objective {topic.FreshnessObjective:c} from event to log; latency objective {topic.LatencyObjective:c} from log to store");
        Line(page, $"- Schemas: [JSON Schema](contract/{topic.File}.schema.json), [Avro](contract/{topic.File}.avsc)");
        Line(page, $"");
        Line(page, $"| field | type | null | values | personal | meaning |");
        Line(page, $"|---|---|---|---|---|---|");
        foreach (var field in topic.Fields)
        {
            Line(page, $"| `{field.Name}` | {Type(field)} | {(field.IsNullable ? "yes" : "no")} | {Values(topic, field)} | {Personal(field)} | {field.Description} |");
        }
    }

    private static void WriteRules(StringBuilder page, ContractModel contract)
    {
        Line(page, $"");
        Line(page, $"## Rules");
        Line(page, $"");
        Line(page, $"`reject`: the record becomes a dead letter with the reason and the rule's id. `warn`: it is stored, and the rule's bit (its number) is set in its");
        Line(page, $"flags. Scope `value` is checked while decoding, `row` on the decoded event, `stream` by the stream task. Tolerance is the share of a window's events");
        Line(page, $"that may fail before the window is reported as failed. As [JSON](contract/rules.json).");
        foreach (var family in contract.Rules.GroupBy(rule => rule.Family).OrderBy(family => family.Key))
        {
            Line(page, $"");
            Line(page, $"### {family.Key}");
            Line(page, $"");
            Line(page, $"| bit | rule | scope | severity | tolerance | fields | limit | reason | meaning |");
            Line(page, $"|---|---|---|---|---|---|---|---|---|");
            foreach (var rule in family)
            {
                var fields = string.Join(", ", rule.Fields.Select(field => $"`{field.WireName()}`"));
                var reason = rule.Reason == ReasonCode.None ? string.Empty : $"`{rule.Reason.WireName()}`";
                Line(
                    page,
                    $"| {rule.Index} | `{rule.Id}` | {YamlMap.Hyphenated(rule.Scope)} | {YamlMap.Hyphenated(rule.Severity)} | {rule.Tolerance:0.##} | {fields} | {RuleList.Limit(rule)} | {reason} | {rule.Description} |");
            }
        }
    }

    private static void WritePersonal(StringBuilder page, ContractModel contract)
    {
        Line(page, $"");
        Line(page, $"## Personal data");
        Line(page, $"");
        Line(page, $"These fields are personal and stay out of log messages, traces and samples: {string.Join(", ", contract.PiiFields.Select(field => $"`{field.Name}`"))}.");
        Line(page, $"");
        Line(page, $"These are sent by the source and never let through; they are dropped before anything is stored or logged:");
        Line(page, $"");
        foreach (var field in contract.Forbidden)
        {
            Line(page, $"- `{field.Name}`: {field.Description}");
        }
    }

    private static string Type(ContractField field)
        => field.Format == FieldFormat.Text ? YamlMap.Hyphenated(field.Type) : $"{YamlMap.Hyphenated(field.Type)}, {YamlMap.Hyphenated(field.Format)}";

    private static string Values(ContractTopic topic, ContractField field)
    {
        if (field.Format == FieldFormat.EventType)
        {
            return string.Join(", ", topic.EventTypes);
        }

        if (field.Values.Length > 0)
        {
            return string.Join(", ", field.Values) + (field.IsOpen ? ", …" : string.Empty);
        }

        return field.Min == field.Max ? $"{field.Min}" : $"{field.Min} to {field.Max}";
    }

    private static string Personal(ContractField field) => field.Pii == PiiKind.None ? string.Empty : YamlMap.Hyphenated(field.Pii);

    private static void Line(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
