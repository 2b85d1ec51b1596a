using System.Text.Json;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>A body of many actions: each entity for itself, so that one that is refused keeps no other from being done.</summary>
internal static class Bulk
{
    /// <param name="apply">Does one entity of an action and returns its name.</param>
    public static async Task<BulkResponse> ApplyAsync(BulkBody body, Func<BulkAction, JsonElement, Task<string>> apply)
    {
        var results = new Dictionary<string, (List<string> Success, List<BulkError> Errors)>(StringComparer.Ordinal);
        foreach (var action in body.Actions)
        {
            if (action.Action is not ("create" or "update" or "delete"))
            {
                throw AirflowProblemException.Invalid("actions", $"'{action.Action}' must be create, update or delete.");
            }

            if (!results.TryGetValue(action.Action, out var result))
            {
                results.Add(action.Action, result = ([], []));
            }

            foreach (var entity in action.Entities)
            {
                try
                {
                    result.Success.Add(await apply(action, entity));
                }
                catch (AirflowProblemException e)
                {
                    result.Errors.Add(new BulkError(e.Message, e.Status));
                }
                catch (DagOperationException e)
                {
                    result.Errors.Add(new BulkError(e.Message, AirflowProblems.StatusOf(e.Kind)));
                }
            }
        }

        return new BulkResponse(Of("create"), Of("update"), Of("delete"));

        BulkActionResponse? Of(string action) => results.TryGetValue(action, out var result) ? new BulkActionResponse(result.Success, result.Errors) : null;
    }
}
