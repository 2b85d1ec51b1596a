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

    private static Task<Results<Ok<ItemPage<QualityItem>>, ValidationProblem>> ListAsync(
        [AsParameters] QualityParameters parameters, [AsParameters] RangeParameters range, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(range, _ => new QualityQuery { RuleId = parameters.RuleId.OrNull() }, store.QueryQualityAsync, ToItem, cancellationToken);

    private static QualityItem ToItem(QualityResult q)
    {
        var rule = QualityRules.Find(q.RuleId);
        var failed = q.Checked == 0 ? 0 : (double)q.Failed / q.Checked;
        return new QualityItem(
            q.RuleId,
            UtcTime.FromUnixMs(q.WindowStart),
            q.Checked,
            q.Failed,
            failed,
            rule?.Family.ToString().ToLowerInvariant(),
            rule?.Severity.ToString().ToLowerInvariant(),
            rule?.Tolerance,
            rule is null ? null : failed <= rule.Tolerance,
            rule?.Description);
    }
}
