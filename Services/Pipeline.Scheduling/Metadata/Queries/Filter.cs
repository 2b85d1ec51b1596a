using Dapper;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Collects the conditions of a list, with their parameters, and the order and the page.</summary>
internal sealed class Filter(MetadataDialect dialect)
{
    private readonly List<string> _conditions = [];

    public DynamicParameters Parameters { get; } = new();

    /// <summary>How many conditions there are.</summary>
    public int Count => _conditions.Count;

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

    public Filter Any<T>(string column, string name, IReadOnlyCollection<T> values)
    {
        if (values.Count > 0)
        {
            _conditions.Add($"{column} {dialect.AnyOf(name)}");
            Parameters.Add(name, values.ToArray());
        }

        return this;
    }

    /// <summary>
    /// Any of these states. They are words of the code and stand in the text as they are: the indexes of some states are found only so. <paramref name="few"/>
    /// is the condition of such an index, added when it says nothing new: SQLite wants to read it word for word.
    /// </summary>
    public Filter States(string column, IReadOnlyCollection<string> states, IReadOnlyCollection<string>? few = null)
    {
        if (states.Count > 0)
        {
            _conditions.Add(InWords(column, states));
            if (few is not null && states.All(few.Contains))
            {
                _conditions.Add(InWords(column, few));
            }
        }

        return this;
    }

    public Filter Between(string column, string name, TimeRange range) => Between(column, name, range.From.ToMs(), range.To.ToMs());

    /// <param name="column">A number of milliseconds.</param>
    public Filter Between(string column, string name, DurationRange range) => Between(column, name, (long?)range.From?.TotalMilliseconds, (long?)range.To?.TotalMilliseconds);

    /// <summary>The ORDER BY of a list.</summary>
    /// <param name="orderBy">Fields with commas between them, each with a minus before it for descending.</param>
    /// <param name="tieBreak">The columns that make the order the same every time.</param>
    /// <exception cref="DagOperationException">There is no such field to order by.</exception>
    public static string Order(string orderBy, IReadOnlyDictionary<string, string> columns, params IReadOnlyList<string> tieBreak)
    {
        var terms = new List<string>();
        foreach (var asked in orderBy.Split(','))
        {
            terms.Add(columns.TryGetValue(asked.TrimStart('-'), out var column)
                ? $"{column} {Direction(asked)}"
                : throw DagOperationException.Invalid($"The list cannot be ordered by '{asked}'; it can by {string.Join(", ", columns.Keys)}."));
        }

        // Ties go the way of the last criterion, so that an index can be read in one direction.
        var last = Direction(orderBy.Split(',')[^1]);
        return $"ORDER BY {string.Join(", ", terms.Concat(tieBreak.Where(column => !terms.Any(term => term.StartsWith($"{column} ", StringComparison.Ordinal))).Select(column => $"{column} {last}")))}";

        static string Direction(string asked) => asked.StartsWith('-') ? "DESC" : "ASC";
    }

    /// <summary>The LIMIT of a page.</summary>
    /// <exception cref="DagOperationException">The page is not one.</exception>
    public string Page(int limit, int offset)
    {
        if (limit < 0 || offset < 0)
        {
            throw DagOperationException.Invalid($"A page has a limit and an offset of 0 or more; they are {limit} and {offset}.");
        }

        Parameters.Add("limit", limit);
        Parameters.Add("offset", offset);
        return "LIMIT @limit OFFSET @offset";
    }

    /// <summary>Columns that are called what the fields are called.</summary>
    public static IReadOnlyDictionary<string, string> Columns(string table, params IReadOnlyList<string> names)
        => names.ToDictionary(name => name, name => $"{table}.{name}", StringComparer.Ordinal);

    private Filter Between(string column, string name, long? from, long? to)
    {
        if (from is not null)
        {
            _conditions.Add($"{column} >= @{name}From");
            Parameters.Add($"{name}From", from);
        }

        if (to is not null)
        {
            _conditions.Add($"{column} <= @{name}To");
            Parameters.Add($"{name}To", to);
        }

        return this;
    }

    private static string InWords(string column, IReadOnlyCollection<string> states)
        => states.Count == 1 ? $"{column} = '{states.Single()}'" : $"{column} IN ({string.Join(", ", states.Select(state => $"'{state}'"))})";
}
