using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Turns what was refused into a problem with Airflow's status. Its clients read <c>detail</c>, which problems have too.</summary>
internal sealed class AirflowProblems : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (AirflowProblemException e)
        {
            return Problem(e.Status, e.Message, e.Errors);
        }
        catch (DagOperationException e)
        {
            return Problem(StatusOf(e.Kind), e.Message, []);
        }
    }

    public static int StatusOf(DagOperationFault kind) => kind switch
    {
        DagOperationFault.NotFound => StatusCodes.Status404NotFound,
        DagOperationFault.Conflict => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status400BadRequest,
    };

    private static ProblemHttpResult Problem(int status, string detail, IReadOnlyList<FieldError> errors) => TypedResults.Problem(new ProblemDetails
    {
        Status = status,
        Title = ReasonPhrases.GetReasonPhrase(status),
        Detail = detail,
        Extensions = errors.Count == 0 ? [] : new Dictionary<string, object?> { ["errors"] = errors.GroupBy(e => e.Field).ToDictionary(e => e.Key, e => e.Select(x => x.Message).ToArray()) },
    });
}
