using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class QualityApi
{
    public static void MapQuality(this IEndpointRouteBuilder api) => api.MapGet("/quality", ListAsync)
        .WithName("ListQuality")
        .WithTags("Analytics")
        .WithSummary("Results of the quality rules, newest first")
        .WithDescription("Per rule and window: how many records were checked and how many failed.");

    private static async Task<Results<Ok<ItemPage<QualityItem>>, ValidationProblem>> ListAsync(
        [AsParameters] QualityParameters parameters, IResultStore store, CancellationToken cancellationToken)
    {
        var reader = new ParameterReader();
        var (from, to) = reader.Range(parameters);
        var query = new QualityQuery
        {
            From = from,
            To = to,
            Limit = reader.Limit(parameters),
            Cursor = ParameterReader.Cursor(parameters),
            RuleId = string.IsNullOrEmpty(parameters.RuleId) ? null : parameters.RuleId,
        };
        if (reader.HasErrors(out var problem))
        {
            return problem;
        }

        var page = await store.QueryQualityAsync(query, cancellationToken);
        return TypedResults.Ok(page.Select(ToItem));
    }

    private static QualityItem ToItem(QualityResult q)
        => new(q.RuleId, UtcTime.FromUnixMs(q.WindowStart), q.Checked, q.Failed, q.Checked == 0 ? 0 : (double)q.Failed / q.Checked);
}
