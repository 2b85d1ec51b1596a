using System.Globalization;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>Reads a query as Airflow does and collects what is wrong with it, so that a caller learns everything at once.</summary>
internal sealed class QueryReader
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 1000;

    /// <summary>Milliseconds; a longer bound means the same.</summary>
    private const double MaxDuration = 1e14;

    internal static readonly string[] Bounds = ["gte", "gt", "lte", "lt"];

    private readonly IQueryCollection _query;
    private readonly QueryParameters _parameters;
    private readonly List<FieldError> _errors = [];

    /// <exception cref="AirflowProblemException">A parameter is used that is not supported.</exception>
    public QueryReader(HttpRequest request, QueryParameters parameters)
    {
        _query = request.Query;
        _parameters = parameters;
        if (parameters.NotSupported.FirstOrDefault(name => Text(name) is not null) is { } unsupported)
        {
            throw AirflowProblemException.NotSupported($"The parameter {unsupported} is not supported; it would have to be ignored, and the answer would be another one than was asked for.");
        }
    }

    public int Limit => Math.Min(MaxLimit, Integer("limit") switch { null or 0 => DefaultLimit, { } limit => limit });

    public int Offset => Integer("offset") ?? 0;

    /// <summary>The field to order by, with a minus before it when descending; of lists that take one.</summary>
    public string OrderBy
    {
        get
        {
            if (Texts("order_by") is { Count: > 1 } asked)
            {
                _errors.Add(new FieldError("order_by", $"'{string.Join(", ", asked)}' must be {_parameters.OrderByWords}."));
            }

            return OrderByAll.Split(',')[0];
        }
    }

    /// <summary>The fields to order by, with commas between them and a minus before those that are descending.</summary>
    public string OrderByAll
    {
        get
        {
            var asked = Texts("order_by") ?? [];
            if (asked.FirstOrDefault(one => !_parameters.CanOrderBy(one)) is { } unknown)
            {
                _errors.Add(new FieldError("order_by", $"'{unknown}' must be {_parameters.OrderByWords}."));
            }

            return asked.Count == 0 ? _parameters.OrderBy[0] : string.Join(',', asked);
        }
    }

    public string? Text(string name) => _query[name] is [{ Length: > 0 } text, ..] ? text : null;

    public IReadOnlyList<string>? Texts(string name) => _query[name] is { Count: > 0 } values
        ? [.. values.Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)]
        : null;

    /// <summary>Values that must be among known ones, in the model's form.</summary>
    public IReadOnlyList<T>? Known<T>(string name, Func<string, T?> parse, string what)
        where T : struct
    {
        var values = Texts(name);
        if (values is null or { Count: 0 })
        {
            return null;
        }

        var known = new List<T>(values.Count);
        foreach (var value in values)
        {
            if (parse(value) is { } one)
            {
                known.Add(one);
            }
            else
            {
                _errors.Add(new FieldError(name, $"'{value}' is not {what}."));
            }
        }

        return known;
    }

    public bool? Boolean(string name)
    {
        switch (Text(name)?.ToLowerInvariant())
        {
            case null:
                return null;
            case "true" or "1" or "yes" or "on":
                return true;
            case "false" or "0" or "no" or "off":
                return false;
            default:
                _errors.Add(new FieldError(name, $"'{Text(name)}' is neither true nor false."));
                return null;
        }
    }

    public int? Integer(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        _errors.Add(new FieldError(name, $"'{text}' is not a whole number of 0 or more."));
        return null;
    }

    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (AirflowTime.TryParse(text, out var time))
        {
            return time;
        }

        _errors.Add(new FieldError(name, $"'{text}' is not an ISO 8601 time like 2026-01-31T12:00:00Z (write a plus sign as %2B)."));
        return null;
    }

    /// <summary>The four bounds as a range with both ends in it.</summary>
    public TimeRange Range(string name) => Range(Time($"{name}_gte"), Time($"{name}_gt"), Time($"{name}_lte"), Time($"{name}_lt"));

    /// <inheritdoc cref="Range(string)"/>
    public static TimeRange Range(DateTimeOffset? gte, DateTimeOffset? gt, DateTimeOffset? lte, DateTimeOffset? lt)
    {
        // Times are kept in milliseconds, so that "after" is a millisecond later.
        var millisecond = TimeSpan.FromMilliseconds(1);
        return new TimeRange(Later(gte, gt + millisecond), Earlier(lte, lt - millisecond));
    }

    /// <summary>The four bounds, seconds, as a range with both ends in it.</summary>
    public DurationRange Durations(string name) => Durations(Seconds($"{name}_gte"), Seconds($"{name}_gt"), Seconds($"{name}_lte"), Seconds($"{name}_lt"));

    /// <inheritdoc cref="Durations(string)"/>
    public static DurationRange Durations(double? gte, double? gt, double? lte, double? lt)
    {
        // Durations are kept in milliseconds: from the first one that is not less, to the last that is not more.
        var from = Math.Max(gte is null ? double.MinValue : Math.Ceiling(gte.Value * 1000), gt is null ? double.MinValue : Math.Floor(gt.Value * 1000) + 1);
        var to = Math.Min(lte is null ? double.MaxValue : Math.Floor(lte.Value * 1000), lt is null ? double.MaxValue : Math.Ceiling(lt.Value * 1000) - 1);
        return new DurationRange(
            from == double.MinValue ? null : TimeSpan.FromMilliseconds(Math.Clamp(from, -MaxDuration, MaxDuration)),
            to == double.MaxValue ? null : TimeSpan.FromMilliseconds(Math.Clamp(to, -MaxDuration, MaxDuration)));
    }

    public IReadOnlyList<int> Integers(string name)
    {
        var numbers = new List<int>();
        foreach (var text in Texts(name) ?? [])
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                numbers.Add(number);
            }
            else
            {
                _errors.Add(new FieldError(name, $"'{text}' is not a whole number of 0 or more."));
            }
        }

        return numbers;
    }

    public void Require(string name)
    {
        if (Text(name) is null)
        {
            _errors.Add(new FieldError(name, "It is required."));
        }
    }

    /// <summary>Call it when everything is read.</summary>
    /// <exception cref="AirflowProblemException">Something was wrong.</exception>
    public void Check()
    {
        if (_errors.Count > 0)
        {
            throw AirflowProblemException.Invalid(_errors);
        }
    }

    private double? Seconds(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && double.IsFinite(seconds))
        {
            return seconds;
        }

        _errors.Add(new FieldError(name, $"'{text}' is not a number of seconds."));
        return null;
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b ?? a : a;

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b ?? a : a;
}
