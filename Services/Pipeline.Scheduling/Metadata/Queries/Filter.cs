using Dapper;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Collects the conditions of a list, with their parameters, and the order and the page.</summary>
internal sealed class Filter(MetadataDialect dialect)
{
    private readonly List<string> _conditions = [];

    public DynamicParameters Parameters { get; } = new();

    public string Where => _conditions.Count == 0 ? "" : $"WHERE {string.Join(" AND ", _conditions)}";

    public Filter Add(string condition)
    {
        _conditions.Add(condition);
        return this;
    }

    public Filter Equal<T>(string column, string name, T? value)
    {
        if (value is not null)
        {
            _conditions.Add($"{column} = @{name}");
            Parameters.Add(name, value);
        }

        return this;
    }

    public Filter Like(string column, string name, string? pattern)
    {
        if (pattern is not null)
        {
            _conditions.Add($"{column} LIKE @{name}");
            Parameters.Add(name, pattern.Contains('%', StringComparison.Ordinal) ? pattern : $"%{pattern}%");
        }

        return this;
    }

    public Filter Any(string column, string name, IReadOnlyCollection<string> values)
    {
        if (values.Count > 0)
        {
            _conditions.Add($"{column} {dialect.AnyOf(name)}");
            Parameters.Add(name, values.ToArray());
        }

        return this;
    }

    public Filter Between(string column, string name, TimeRange range)
    {
        if (range.From is { } from)
        {
            _conditions.Add($"{column} >= @{name}From");
            Parameters.Add($"{name}From", from.ToMs());
        }

        if (range.To is { } to)
        {
            _conditions.Add($"{column} <= @{name}To");
            Parameters.Add($"{name}To", to.ToMs());
        }

        return this;
    }

    /// <summary>The ORDER BY and LIMIT of a page.</summary>
    /// <param name="tieBreak">A column that makes the order the same every time.</param>
    /// <exception cref="DagOperationException">There is no such field to order by, or the page is not one.</exception>
    public string Page(string orderBy, IReadOnlyDictionary<string, string> columns, string tieBreak, int limit, int offset)
    {
        if (limit < 0 || offset < 0)
        {
            throw DagOperationException.Invalid($"A page has a limit and an offset of 0 or more; they are {limit} and {offset}.");
        }

        var descending = orderBy.StartsWith('-');
        if (!columns.TryGetValue(descending ? orderBy[1..] : orderBy, out var column))
        {
            throw DagOperationException.Invalid($"The list cannot be ordered by '{orderBy}'; it can by {string.Join(", ", columns.Keys)}.");
        }

        Parameters.Add("limit", limit);
        Parameters.Add("offset", offset);
        var direction = descending ? "DESC" : "ASC";
        var ties = column == tieBreak ? "" : $", {tieBreak} {direction}";
        return $"ORDER BY {column} {direction}{ties} LIMIT @limit OFFSET @offset";
    }

    /// <summary>Columns that are called what the fields are called.</summary>
    public static IReadOnlyDictionary<string, string> Columns(string table, params IReadOnlyList<string> names)
        => names.ToDictionary(name => name, name => $"{table}.{name}", StringComparer.Ordinal);
}
