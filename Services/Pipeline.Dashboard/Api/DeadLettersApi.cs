using System.Security.Claims;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class DeadLettersApi
{
    public static void MapDeadLetters(this IEndpointRouteBuilder api) => api.MapGet("/dead-letters", ListAsync)
        .WithName("ListDeadLetters")
        .WithTags("Events")
        .WithSummary("Rejected records, newest first")
        .WithDescription("Records that cannot be events, each with its reason and its original bytes.");

    private static Task<Results<Ok<ItemPage<DeadLetterItem>>, ValidationProblem>> ListAsync(
        [AsParameters] DeadLetterParameters parameters, [AsParameters] RangeParameters range, ClaimsPrincipal caller, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(
            range,
            _ => new DeadLetterQuery { ReasonCode = parameters.ReasonCode.OrNull(), RuleId = parameters.RuleId.OrNull() },
            store.QueryDeadLettersAsync,
            d => ToItem(Redaction.For(caller, d)),
            cancellationToken);

    internal static DeadLetterItem ToItem(DeadLetterEntry d) => new(
        d.Topic,
        d.Partition,
        d.Offset,
        d.ReasonCode,
        d.RuleId,
        d.Message,
        d.ErrorOffset < 0 ? null : d.ErrorOffset,
        UtcTime.FromUnixMs(d.IngestedAt),
        UtcTime.FromUnixMs(d.FailedAt),
        TextOrNull(d.Key),
        Convert.ToBase64String(d.Key),
        TextOrNull(d.Value),
        Convert.ToBase64String(d.Value));

    private static string? TextOrNull(byte[] bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
}
