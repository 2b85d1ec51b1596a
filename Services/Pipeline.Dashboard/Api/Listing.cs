using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

/// <summary>One page of what the store holds: the one place where range, limit and cursor of a listing are read, or refused.</summary>
internal static class Listing
{
    /// <param name="query">What else is asked, read from the other parameters.</param>
    /// <param name="ask">Answers it.</param>
    public static async Task<Results<Ok<ItemPage<TItem>>, ValidationProblem>> ReadAsync<TQuery, TRow, TItem>(
        RangeParameters parameters, Func<ParameterReader, TQuery> query, Func<TQuery, CancellationToken, ValueTask<Page<TRow>>> ask, Func<TRow, TItem> toItem, CancellationToken cancellationToken)
        where TQuery : RangeQuery
    {
        var reader = new ParameterReader();
        var (from, to) = reader.Range(parameters);
        var question = query(reader) with { From = from, To = to, Limit = reader.Limit(parameters), Cursor = parameters.Cursor.OrNull() };
        return reader.HasErrors(out var problem) ? problem : TypedResults.Ok((await ask(question, cancellationToken)).Select(toItem));
    }
}
