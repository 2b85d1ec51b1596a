using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>What the bodies of batch lists have in common.</summary>
internal sealed class BatchReader
{
    private const int DefaultLimit = 100;

    private readonly BatchBody _body;

    /// <exception cref="AirflowProblemException">The page is not one.</exception>
    public BatchReader(BatchBody body)
    {
        _body = body;
        if (body.PageLimit < 0 || body.PageOffset < 0)
        {
            throw AirflowProblemException.Invalid(body.PageLimit < 0 ? "page_limit" : "page_offset", "It must be 0 or more.");
        }
    }

    public int Limit => Math.Min(QueryReader.MaxLimit, _body.PageLimit is null or 0 ? DefaultLimit : _body.PageLimit.Value);

    public int Offset => _body.PageOffset ?? 0;

    public TimeRange RunAfter => QueryReader.Range(_body.RunAfterGte, _body.RunAfterGt, _body.RunAfterLte, _body.RunAfterLt);

    public TimeRange LogicalDate => QueryReader.Range(_body.LogicalDateGte, _body.LogicalDateGt, _body.LogicalDateLte, _body.LogicalDateLt);

    public TimeRange StartDate => QueryReader.Range(_body.StartDateGte, _body.StartDateGt, _body.StartDateLte, _body.StartDateLt);

    public TimeRange EndDate => QueryReader.Range(_body.EndDateGte, _body.EndDateGt, _body.EndDateLte, _body.EndDateLt);

    public DurationRange Duration => QueryReader.Durations(_body.DurationGte, _body.DurationGt, _body.DurationLte, _body.DurationLt);

    public string OrderBy(QueryParameters parameters)
    {
        if (_body.OrderBy is not { Length: > 0 } asked)
        {
            return parameters.OrderBy[0];
        }

        return parameters.CanOrderBy(asked) ? asked : throw AirflowProblemException.Invalid("order_by", $"'{asked}' must be {parameters.OrderByWords}.");
    }
}
