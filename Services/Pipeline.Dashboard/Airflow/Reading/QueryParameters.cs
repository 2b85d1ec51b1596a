namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>
/// What a list can be asked by: for reading the query and for describing it. A parameter that Airflow has and this API has not is
/// named too: to ignore a filter would be to answer another question than the one that was asked.
/// </summary>
internal sealed record QueryParameters
{
    /// <summary>The base of every list that has pages.</summary>
    public static QueryParameters Paged { get; } = new QueryParameters()
        .With("limit", ParameterKind.Integer, $"Items per page. Default: {QueryReader.DefaultLimit}; at most {QueryReader.MaxLimit} are given.")
        .With("offset", ParameterKind.Integer, "Items to leave out before the page. Default: 0.");

    public IReadOnlyList<QueryParameter> All { get; private init; } = [];

    public IReadOnlyList<string> NotSupported { get; private init; } = [];

    public IReadOnlyList<string> OrderBy { get; private init; } = [];

    /// <summary>What to order by, as a part of a sentence.</summary>
    public string OrderByWords => $"one of {string.Join(", ", OrderBy.Select(name => name.TrimStart('-')))}, with or without a minus before it (descending)";

    public bool CanOrderBy(string asked) => OrderBy.Select(name => name.TrimStart('-')).Contains(asked.TrimStart('-'), StringComparer.Ordinal);

    public QueryParameters With(string name, ParameterKind kind, string description) => this with { All = [.. All, new QueryParameter(name, kind, description)] };

    /// <summary>The four bounds <c>name_gte</c>, <c>name_gt</c>, <c>name_lte</c>, <c>name_lt</c>.</summary>
    public QueryParameters WithRange(string name) => this with
    {
        All = [.. All, .. QueryReader.Bounds.Select(bound => new QueryParameter($"{name}_{bound}", ParameterKind.Time, $"Bound of {name}."))],
    };

    /// <summary>The four bounds of a duration.</summary>
    public QueryParameters WithDurations(string name) => this with
    {
        All = [.. All, .. QueryReader.Bounds.Select(bound => new QueryParameter($"{name}_{bound}", ParameterKind.Number, $"Bound of {name}, seconds."))],
    };

    /// <param name="fields">The first one, ascending or (with a minus) descending, is the default.</param>
    public QueryParameters WithOrderBy(params string[] fields) => this with
    {
        OrderBy = fields,
        All = [.. All, new QueryParameter("order_by", ParameterKind.Text, $"Must be {(this with { OrderBy = fields }).OrderByWords}. Default: {fields[0]}.")],
    };

    public QueryParameters Without(params string[] names) => this with { NotSupported = [.. NotSupported, .. names] };

    public QueryParameters WithoutRange(params string[] names) => Without([.. names.SelectMany(name => QueryReader.Bounds.Select(bound => $"{name}_{bound}"))]);
}

internal sealed record QueryParameter(string Name, ParameterKind Kind, string Description);

internal enum ParameterKind
{
    Text,

    /// <summary>May be given several times: any of the values.</summary>
    Texts,
    Integer,

    /// <summary>May be given several times: any of the values.</summary>
    Integers,
    Number,
    Boolean,
    Time,
}
