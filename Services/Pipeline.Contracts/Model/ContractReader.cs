using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Contracts;

/// <summary>Reads a contract file and checks that it is whole: known names, no contradictions, nothing twice.</summary>
internal static class ContractReader
{
    /// <summary>Warnings of an event are a 64-bit set.</summary>
    private const int MaxRules = 64;

    public static ContractModel Read(TextReader yaml, string source)
    {
        var errors = new List<string>();
        var root = Parse(yaml, source, errors);
        var name = root.Text("contract");
        ImmutableArray<ContractField> envelope = [.. root.List("envelope", isRequired: true).Select(node => ReadField(node, errors))];
        ImmutableArray<ContractTopic> topics = [.. root.List("topics", isRequired: true).Select(node => ReadTopic(node, envelope, errors))];
        ImmutableArray<ForbiddenField> never = [.. root.List("never", isRequired: true).Select(node => ReadForbidden(node, errors))];
        ImmutableArray<ContractRule> rules = [.. root.List("rules", isRequired: true).Select((node, i) => ReadRule(node, i, errors))];
        root.EndOfKeys();
        CheckWhole(root, envelope, topics, rules, errors);
        return errors.Count == 0 ? new ContractModel(name, envelope, topics, rules, never) : throw new ContractException(source, errors);
    }

    private static YamlMap Parse(TextReader yaml, string source, List<string> errors)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(yaml);
        }
        catch (YamlException e)
        {
            throw new ContractException(source, [string.Create(CultureInfo.InvariantCulture, $"line {e.Start.Line}: not YAML: {e.Message}")]);
        }

        return stream.Documents.Count == 1
            ? new YamlMap(stream.Documents[0].RootNode, errors)
            : throw new ContractException(source, [$"line 1: should be one YAML document, is {stream.Documents.Count}."]);
    }

    private static ContractTopic ReadTopic(YamlNode node, ImmutableArray<ContractField> envelope, List<string> errors)
    {
        var map = new YamlMap(node, errors);
        var topic = new ContractTopic
        {
            Name = map.Text("name"),
            Record = map.Text("record"),
            File = map.Text("file"),
            Owner = map.Text("owner"),
            Description = map.Text("description"),
            EventTypes = [.. map.Texts("event_types", isRequired: true)],
            SchemaVersion = map.Count("schema_version"),
            MaxValueBytes = map.Count("max_value_bytes"),
            MaxDepth = map.Count("max_depth"),
            FreshnessObjective = map.Duration("freshness_objective"),
            LatencyObjective = map.Duration("latency_objective"),
            Fields = [.. envelope, .. map.List("fields", isRequired: true).Select(field => ReadField(field, errors))],
        };
        foreach (var type in topic.EventTypes.Where(type => !WireNames.TryParseEventType(type, out _)))
        {
            map.Error("event_types", $"'{type}' is not an event type");
        }

        map.EndOfKeys();
        return topic;
    }

    private static ContractField ReadField(YamlNode node, List<string> errors)
    {
        var map = new YamlMap(node, errors);
        var field = new ContractField
        {
            Id = map.Parse<Field>("name", null, "a field that the decoder knows", WireNames.TryParseField),
            Name = map.Text("name"),
            Type = map.Choice<FieldType>("type"),
            Format = map.Choice<FieldFormat>("format", "text"),
            IsRequired = map.Flag("required", true),
            IsNullable = map.Flag("nullable", false),
            Min = map.Optional<long>("min", "a whole number", TryWhole),
            Max = map.Optional<long>("max", "a whole number", TryWhole),
            Values = [.. map.Texts("enum", isRequired: false)],
            IsOpen = map.Flag("open", false),
            Pii = map.Choice<PiiKind>("pii", "none"),
            Description = map.Text("description"),
        };
        if (field.Type == FieldType.String && (field.Min ?? field.Max) is not null)
        {
            map.Error("min", $"'{field.Name}' is a string and has bounds of an integer");
        }

        if (field.Min > field.Max)
        {
            map.Error("max", $"'max' of '{field.Name}' is below its 'min'");
        }

        map.EndOfKeys();
        return field;
    }

    private static ForbiddenField ReadForbidden(YamlNode node, List<string> errors)
    {
        var map = new YamlMap(node, errors);
        var field = new ForbiddenField(map.Text("name"), map.Text("description"));
        map.EndOfKeys();
        return field;
    }

    private static ContractRule ReadRule(YamlNode node, int index, List<string> errors)
    {
        var problems = errors.Count;
        var map = new YamlMap(node, errors);
        var scope = map.Choice<RuleScope>("scope");
        var check = map.Choice<RuleCheck>("check", "none");
        var rule = new ContractRule
        {
            Index = index,
            Id = map.Text("id"),
            Family = map.Choice<RuleFamily>("family"),
            Scope = scope,
            Check = check,
            Severity = map.Choice<RuleSeverity>("severity"),
            Tolerance = map.Parse<double>("tolerance", "0", "a share from 0 to 1", TryShare),
            Fields = ReadFields(map),
            Reason = map.Optional<ReasonCode>("reason", "a reason code", WireNames.TryParseReason) ?? ReasonCode.None,
            Min = map.Optional<long>("min", "a date-time with offset", TryInstant),
            Within = check == RuleCheck.AgeMatchesDob
                ? map.Optional<long>("within", "a whole number of years", TryWhole)
                : map.Optional<long>("within", "a time span such as 00:05:00", TryMilliseconds),
            Description = map.Text("description"),
        };
        if (errors.Count == problems)
        {
            // Only a rule that could be read: what follows from a misspelt key is no news.
            CheckRule(rule, map);
        }

        map.EndOfKeys();
        return rule;
    }

    private static void CheckRule(ContractRule rule, YamlMap map)
    {
        if (rule.Scope != RuleScope.Stream && rule.Reason == ReasonCode.None)
        {
            map.Error("id", $"'{rule.Id}' lacks 'reason'");
        }

        if (rule.Scope == RuleScope.Value && rule.Severity != RuleSeverity.Reject)
        {
            map.Error("severity", $"'{rule.Id}' is checked while decoding and can only reject");
        }

        if (rule.Scope == RuleScope.Stream && rule.Severity != RuleSeverity.Warn)
        {
            map.Error("severity", $"'{rule.Id}' is checked by the stream task and can only warn");
        }

        if ((rule.Scope == RuleScope.Row) != (rule.Check != RuleCheck.None))
        {
            map.Error("check", $"'{rule.Id}' should have a 'check' if and only if its scope is row");
        }

        if (rule.Check != RuleCheck.None && !rule.Fields.SequenceEqual(FieldsOf(rule.Check)))
        {
            map.Error("fields", $"'{rule.Id}' checks {string.Join(", ", FieldsOf(rule.Check).Select(WireNames.WireName))}, and its 'fields' should say so");
        }

        if (rule.Check == RuleCheck.EventTimeMin && rule.Min is null)
        {
            map.Error("id", $"'{rule.Id}' lacks 'min'");
        }

        if (rule.Check is RuleCheck.AgeMatchesDob or RuleCheck.DobInPast or RuleCheck.EventTimeMax && rule.Within is null)
        {
            map.Error("id", $"'{rule.Id}' lacks 'within'");
        }
    }

    private static Field[] FieldsOf(RuleCheck check) => check switch
    {
        RuleCheck.EmailShape => [Field.Email],
        RuleCheck.HttpUrl => [Field.Picture],
        RuleCheck.AgeRange => [Field.Age],
        RuleCheck.AgeMatchesDob => [Field.Age, Field.Dob],
        RuleCheck.DobInPast => [Field.Dob],
        RuleCheck.NationalityKnown => [Field.Nationality],
        RuleCheck.NationalityMatchesCountry => [Field.Nationality, Field.Address],
        RuleCheck.EventTimeMin or RuleCheck.EventTimeMax or RuleCheck.Freshness => [Field.EventTime],
        _ => [],
    };

    private static ImmutableArray<Field> ReadFields(YamlMap map)
    {
        var fields = ImmutableArray.CreateBuilder<Field>();
        foreach (var name in map.Texts("fields", isRequired: false))
        {
            if (WireNames.TryParseField(name, out var field))
            {
                fields.Add(field);
            }
            else
            {
                map.Error("fields", $"'{name}' is not a field");
            }
        }

        return fields.ToImmutable();
    }

    private static void CheckWhole(
        YamlMap root, ImmutableArray<ContractField> envelope, ImmutableArray<ContractTopic> topics, ImmutableArray<ContractRule> rules, List<string> errors)
    {
        foreach (var topic in topics)
        {
            ReportTwice(root, "topics", $"field of {topic.Name}", topic.Fields.Select(field => field.Name));
            if (topic.Fields.Length == envelope.Length)
            {
                root.Error("topics", $"topic '{topic.Name}' has no fields of its own");
            }
        }

        ReportTwice(root, "topics", "topic", topics.Select(topic => topic.Name));
        ReportTwice(root, "topics", "event type", topics.SelectMany(topic => topic.EventTypes));
        ReportTwice(root, "rules", "rule", rules.Select(rule => rule.Id));
        ReportTwice(root, "rules", "check", rules.Where(rule => rule.Check != RuleCheck.None).Select(rule => YamlMap.Hyphenated(rule.Check)));
        if (rules.Length > MaxRules)
        {
            root.Error("rules", $"there are {rules.Length} rules, at most {MaxRules} fit");
        }

        if (errors.Count == 0)
        {
            CheckRuleFields(root, topics, rules);
        }
    }

    private static void CheckRuleFields(YamlMap root, ImmutableArray<ContractTopic> topics, ImmutableArray<ContractRule> rules)
    {
        foreach (var reason in EventDecoder.Reasons)
        {
            if (!rules.Any(rule => rule.Scope == RuleScope.Value && rule.Reason == reason))
            {
                root.Error("rules", $"no rule of scope value has the reason '{reason.WireName()}', which the decoder can give");
            }
        }

        var known = topics.SelectMany(topic => topic.Fields).Select(field => field.Id).ToHashSet();
        foreach (var rule in rules)
        {
            foreach (var field in rule.Fields.Where(field => !known.Contains(field)))
            {
                root.Error("rules", $"'{rule.Id}' is about '{field.WireName()}', which no topic has");
            }
        }
    }

    private static void ReportTwice(YamlMap root, string key, string what, IEnumerable<string> names)
    {
        foreach (var name in names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            root.Error(key, $"{what} '{name}' occurs more than once");
        }
    }

    private static bool TryWhole(string text, out long value)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool TryShare(string text, out double value)
        => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1;

    private static bool TryInstant(string text, out long value) => Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out value);

    private static bool TryMilliseconds(string text, out long value)
    {
        var isSpan = TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero;
        value = (long)span.TotalMilliseconds;
        return isSpan;
    }
}
