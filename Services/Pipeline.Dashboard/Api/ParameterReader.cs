using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Pipeline.Dashboard.Api;

/// <summary>Reads query parameters and collects every error, so that a caller learns all of them at once.</summary>
internal sealed class ParameterReader
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    private readonly Dictionary<string, string[]> _errors = [];

    public (long? From, long? To) Range(RangeParameters parameters)
    {
        var from = Time("from", parameters.From);
        var to = Time("to", parameters.To);
        if (from >= to)
        {
            _errors["to"] = [$"'{parameters.To}' must be after 'from' ({parameters.From})."];
        }

        return (from, to);
    }

    public long? Time(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (UtcTime.TryParse(text, out var unixMs))
        {
            return unixMs;
        }

        _errors[name] = [$"'{text}' is not an ISO 8601 time like 2026-01-31T12:00:00Z (write a plus sign as %2B)."];
        return null;
    }

    public int Limit(RangeParameters parameters) => Limit(parameters.Limit);

    public int Limit(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return DefaultLimit;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit)
        {
            return limit;
        }

        _errors["limit"] = [$"'{text}' must be a whole number from 1 to {MaxLimit}."];
        return DefaultLimit;
    }

    public Guid? Uuid(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (Guid.TryParseExact(text, "D", out var id))
        {
            return id;
        }

        _errors[name] = [$"'{text}' is not a UUID like 018f2c5e-7a10-8e3b-9d5c-1f2a3b4c5d6e."];
        return null;
    }

    public string OneOf(string name, string? text, params ReadOnlySpan<string> allowed)
    {
        if (string.IsNullOrEmpty(text))
        {
            return allowed[0];
        }

        if (!allowed.Contains(text))
        {
            _errors[name] = [$"'{text}' must be one of: {string.Join(", ", allowed)}."];
        }

        return text;
    }

    public static string Text(string? text, string otherwise) => text.OrNull() ?? otherwise;

    public bool HasErrors(out ValidationProblem problem)
    {
        problem = ApiProblem.BadParameters(_errors);
        return _errors.Count > 0;
    }
}
