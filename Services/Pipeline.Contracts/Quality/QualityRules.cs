using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Pipeline.Contracts;

/// <summary>
/// The contract's rules, compiled once: which rule a failed decode broke, and the row rules on decoded events. Evaluating
/// allocates nothing and depends only on its arguments, so that a replay judges as before. Thread-safe.
/// </summary>
public sealed class QualityRules
{
    // Longer texts, escapes included, are not looked into when they hold escapes.
    private const int MaxEscapedBytes = 1_024;

    // One for each field, one for none.
    private static readonly int Columns = WireNames.FieldCount + 1;

    private static readonly byte[][] CountryNames = [.. Enum.GetValues<Nationality>().Select(n => Encoding.UTF8.GetBytes(Country.Of(n).Name))];
    private static readonly byte[][] ShortNames = [.. Enum.GetValues<Nationality>().Select(n => Encoding.UTF8.GetBytes(Country.Of(n).ShortName))];

    // A rule's bit, or no bit where the contract has no such rule: then its check comes to nothing.
    private readonly ulong _emailShape;
    private readonly ulong _httpUrl;
    private readonly ulong _ageRange;
    private readonly ulong _ageMatchesDob;
    private readonly ulong _dobInPast;
    private readonly ulong _nationalityKnown;
    private readonly ulong _nationalityMatchesCountry;
    private readonly ulong _eventTimeMin;
    private readonly ulong _eventTimeMax;
    private readonly ulong _freshness;
    private readonly ulong _rejecting;

    private readonly long _minAge;
    private readonly long _maxAge;
    private readonly long _ageWithin;
    private readonly long _dobWithin;
    private readonly long _minEventTime;
    private readonly long _futureWithin;
    private readonly long[] _freshnessByType;
    private readonly ulong[] _rulesByType;
    private readonly ContractRule?[] _ruleByReasonAndField;

    public QualityRules(ContractModel contract)
    {
        Rules = contract.Rules;
        _emailShape = Bit(RuleCheck.EmailShape);
        _httpUrl = Bit(RuleCheck.HttpUrl);
        _ageRange = Bit(RuleCheck.AgeRange);
        _ageMatchesDob = Bit(RuleCheck.AgeMatchesDob);
        _dobInPast = Bit(RuleCheck.DobInPast);
        _nationalityKnown = Bit(RuleCheck.NationalityKnown);
        _nationalityMatchesCountry = Bit(RuleCheck.NationalityMatchesCountry);
        _eventTimeMin = Bit(RuleCheck.EventTimeMin);
        _eventTimeMax = Bit(RuleCheck.EventTimeMax);
        _freshness = Bit(RuleCheck.Freshness);
        _rejecting = Rules.Where(rule => rule.Severity == RuleSeverity.Reject).Aggregate(0UL, (bits, rule) => bits | Bit(rule));

        var age = contract.Fields.FirstOrDefault(field => field.Id == Field.Age);
        _minAge = age?.Min ?? int.MinValue;
        _maxAge = age?.Max ?? int.MaxValue;
        _ageWithin = Find(RuleCheck.AgeMatchesDob)?.Within ?? 0;
        _dobWithin = Find(RuleCheck.DobInPast)?.Within ?? 0;
        _minEventTime = Find(RuleCheck.EventTimeMin)?.Min ?? long.MinValue;
        _futureWithin = Find(RuleCheck.EventTimeMax)?.Within ?? 0;

        var types = Enum.GetValues<EventType>();
        _freshnessByType = [.. types.Select(type => (long)(TopicOf(contract, type)?.FreshnessObjective.TotalMilliseconds ?? long.MaxValue))];
        _rulesByType = [.. types.Select(type => RowRulesOf(TopicOf(contract, type)))];
        _ruleByReasonAndField = [.. IndexByReasonAndField()];
    }

    /// <summary>All rules of the contract; a rule's index is its bit.</summary>
    public ImmutableArray<ContractRule> Rules { get; }

    /// <summary>The row rules that are checked on an event of this type, as a bit set.</summary>
    public ulong CheckedOn(EventType type) => _rulesByType[(int)type];

    /// <summary>The rule that a failed decode broke.</summary>
    /// <exception cref="ArgumentException">It is not the result of a decode that failed.</exception>
    public ContractRule RuleFor(DecodeResult failure)
        => _ruleByReasonAndField[((int)failure.Reason * Columns) + Column(failure.Field)]
            ?? throw new ArgumentException($"No decode fails with '{failure.Reason.WireName()}'.", nameof(failure));

    /// <summary>Judges a decoded event.</summary>
    /// <param name="value">The bytes that it was decoded from.</param>
    /// <param name="appendedAt">When its record was appended to the log, Unix ms.</param>
    public QualityResult Evaluate(in DecodedEvent e, ReadOnlySpan<byte> value, long appendedAt)
    {
        var broken = OfTime(in e, appendedAt);
        if (e.EventType == EventType.Profile)
        {
            broken |= OfUser(in e, value, appendedAt);
        }

        var rejecting = broken & _rejecting;
        if (rejecting == 0)
        {
            return new QualityResult(ReasonCode.None, -1, broken);
        }

        var index = BitOperations.TrailingZeroCount(rejecting);
        return new QualityResult(Rules[index].Reason, index, broken & ~_rejecting);
    }

    private ulong OfTime(in DecodedEvent e, long appendedAt)
    {
        var broken = 0UL;
        if (e.EventTime < _minEventTime)
        {
            broken |= _eventTimeMin;
        }

        if (e.EventTime - appendedAt > _futureWithin)
        {
            broken |= _eventTimeMax;
        }

        if (appendedAt - e.EventTime > _freshnessByType[(int)e.EventType])
        {
            broken |= _freshness;
        }

        return broken;
    }

    private ulong OfUser(in DecodedEvent e, ReadOnlySpan<byte> value, long appendedAt)
    {
        var broken = 0UL;
        if (e.EmailDomain.IsEmpty)
        {
            broken |= _emailShape;
        }

        if (e.Nationality == Nationality.Unknown)
        {
            broken |= _nationalityKnown;
        }
        else if (e.Has(Field.Address) && !EndsWithCountry(in e, value))
        {
            broken |= _nationalityMatchesCountry;
        }

        if (e.Has(Field.Picture) && !IsHttpUrl(e.Picture, value))
        {
            broken |= _httpUrl;
        }

        if (e.Has(Field.Age) && (e.Age < _minAge || e.Age > _maxAge))
        {
            broken |= _ageRange;
        }

        if (!e.Has(Field.Dob))
        {
            return broken;
        }

        if (e.DateOfBirth - appendedAt > _dobWithin)
        {
            broken |= _dobInPast;
        }

        if (e.Has(Field.Age) && !CalendarAge.Matches(e.Age, e.DateOfBirth, e.EventTime, _ageWithin))
        {
            broken |= _ageMatchesDob;
        }

        return broken;
    }

    private static bool EndsWithCountry(in DecodedEvent e, ReadOnlySpan<byte> value)
    {
        var address = e.Address.Raw(value);
        if (address.EndsWith(CountryNames[(int)e.Nationality]))
        {
            return true;
        }

        if (e.Address.IsEscaped)
        {
            return e.Address.Length <= MaxEscapedBytes && EndsWithCountryUnescaped(in e, value);
        }

        var shortName = ShortNames[(int)e.Nationality];
        return shortName.Length > 0 && address.EndsWith(shortName);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool EndsWithCountryUnescaped(in DecodedEvent e, ReadOnlySpan<byte> value)
    {
        Span<byte> buffer = stackalloc byte[MaxEscapedBytes];
        var address = e.Address.Utf8(value, buffer);
        var shortName = ShortNames[(int)e.Nationality];
        return address.EndsWith(CountryNames[(int)e.Nationality]) || (shortName.Length > 0 && address.EndsWith(shortName));
    }

    private static bool IsHttpUrl(TextSlice text, ReadOnlySpan<byte> value)
        => text.IsEscaped ? text.Length <= MaxEscapedBytes && IsHttpUrlUnescaped(text, value) : IsHttpUrl(text.Raw(value));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsHttpUrlUnescaped(TextSlice text, ReadOnlySpan<byte> value)
    {
        Span<byte> buffer = stackalloc byte[MaxEscapedBytes];
        return IsHttpUrl(text.Utf8(value, buffer));
    }

    private static bool IsHttpUrl(ReadOnlySpan<byte> url)
        => (url.Length > 8 && url.StartsWith("https://"u8)) || (url.Length > 7 && url.StartsWith("http://"u8));

    private static int Column(Field field) => field == Field.None ? WireNames.FieldCount : (int)field;

    /// <summary>For each reason and field: the rule that names both, else the rule for the reason.</summary>
    private IEnumerable<ContractRule?> IndexByReasonAndField()
    {
        var decoding = Rules.Where(rule => rule.Scope == RuleScope.Value).ToList();
        foreach (var reason in Enum.GetValues<ReasonCode>())
        {
            var ofReason = decoding.Where(rule => rule.Reason == reason).ToList();
            for (var column = 0; column < Columns; column++)
            {
                yield return ofReason.Find(rule => rule.Fields.Contains((Field)column)) ?? ofReason.Find(rule => rule.Fields.IsEmpty) ?? ofReason.FirstOrDefault();
            }
        }
    }

    private static ContractTopic? TopicOf(ContractModel contract, EventType type)
        => contract.Topics.FirstOrDefault(topic => topic.EventTypes.Contains(type.WireName()));

    private ulong RowRulesOf(ContractTopic? topic)
        => topic is null
            ? 0
            : Rules.Where(rule => rule.Scope == RuleScope.Row && rule.Fields.All(field => topic.Fields.Any(f => f.Id == field)))
                .Aggregate(0UL, (bits, rule) => bits | Bit(rule));

    private ContractRule? Find(RuleCheck check) => Rules.FirstOrDefault(rule => rule.Check == check);

    private ulong Bit(RuleCheck check) => Find(check) is { } rule ? Bit(rule) : 0;

    private static ulong Bit(ContractRule rule) => 1UL << rule.Index;
}
