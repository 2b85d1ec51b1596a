using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>The paths of Airflow's API that there is nothing behind: 501 and a sentence, so that a client learns why and what to do instead.</summary>
internal static class UnsupportedApi
{
    private const string Code = "DAGs are compiled into the services: change or remove the code, and deploy it.";
    private const string Connections = "There are no stored connections: servers are named in the settings (ConnectionStrings), secrets come from the environment.";
    private const string Variables = "There are no stored variables: use settings, or the conf and the params of a run.";
    private const string Settings = "Settings are not told over the API: they may hold secrets. 'doctor' checks them on the machine.";
    private const string Plugins = "There are no plugins and providers: a task calls any library by itself.";
    private const string Results = "Only a task writes its own results; clear it to have them written anew.";
    private const string Mapped = "Tasks are not mapped.";
    private const string HumanInTheLoop = "No task waits for a person.";
    private const string Queued = "Updates that a DAG waits for are not listed one by one; GET /assets/events has all.";
    private const string Favorites = "There are no users, so nobody has favourites.";
    private const string Session = "There is no login: send a token of Security:Tokens as Authorization: Bearer.";
    private const string Dependencies = "What a task waits for is not told one by one: see the state of its upstream tasks and the pools.";
    private const string Run = AirflowRoutes.Run;
    private const string Task = AirflowRoutes.Task;
    private const string Mapping = AirflowRoutes.MappedTask;

    /// <summary>All of them: method, path and sentence. docs/api.md has the same list.</summary>
    internal static readonly IReadOnlyList<(string Method, string Path, string Sentence)> All =
    [
        ("GET", "/assets/aliases", "There are no aliases of assets."),
        ("GET", "/assets/aliases/{asset_alias_id}", "There are no aliases of assets."),
        ("GET", "/assets/{asset_id:long}/queuedEvents", Queued),
        ("DELETE", "/assets/{asset_id:long}/queuedEvents", Queued),
        ("GET", "/dags/{dag_id}/assets/queuedEvents", Queued),
        ("DELETE", "/dags/{dag_id}/assets/queuedEvents", Queued),
        ("GET", "/dags/{dag_id}/assets/{asset_id:long}/queuedEvents", Queued),
        ("DELETE", "/dags/{dag_id}/assets/{asset_id:long}/queuedEvents", Queued),
        ("GET", "/auth/login", Session),
        ("GET", "/auth/logout", Session),
        ("GET", "/config", Settings),
        ("GET", "/config/section/{section}/option/{option}", Settings),
        ("GET", "/connections", Connections),
        ("PATCH", "/connections", Connections),
        ("POST", "/connections", Connections),
        ("POST", "/connections/defaults", Connections),
        ("POST", "/connections/test", Connections),
        ("GET", "/connections/{connection_id}", Connections),
        ("PATCH", "/connections/{connection_id}", Connections),
        ("DELETE", "/connections/{connection_id}", Connections),
        ("DELETE", "/dags/{dag_id}", Code),
        ("PUT", "/parseDagFile/{file_token}", Code),
        ("POST", "/dags/{dag_id}/favorite", Favorites),
        ("POST", "/dags/{dag_id}/unfavorite", Favorites),
        ("GET", $"{Run}/hitlDetails", HumanInTheLoop),
        ("GET", $"{Mapping}/hitlDetails", HumanInTheLoop),
        ("PATCH", $"{Mapping}/hitlDetails", HumanInTheLoop),
        ("GET", $"{Mapping}/hitlDetails/tries/{{try_number:int}}", HumanInTheLoop),
        ("DELETE", Task, "A task instance is part of its run: delete the run, or clear the task."),
        ("GET", $"{Task}/dependencies", Dependencies),
        ("GET", $"{Mapping}/dependencies", Dependencies),
        ("GET", $"{Task}/externalLogUrl/{{try_number:int}}", "Logs are in the metadata database: GET …/logs/{try_number}."),
        ("GET", $"{Task}/links", "Tasks have no links of their own."),
        ("GET", $"{Task}/listMapped", Mapped),
        ("POST", $"{Task}/xcomEntries", Results),
        ("PATCH", $"{Task}/xcomEntries/{{xcom_key}}", Results),
        ("DELETE", $"{Task}/xcomEntries/{{xcom_key}}", Results),
        ("GET", $"{Run}/upstreamAssetEvents", "Which updates of assets made a run is not told; GET /assets/events has all updates."),
        ("GET", "/plugins", Plugins),
        ("GET", "/plugins/importErrors", Plugins),
        ("GET", "/providers", Plugins),
        ("GET", "/variables", Variables),
        ("PATCH", "/variables", Variables),
        ("POST", "/variables", Variables),
        ("GET", "/variables/{variable_key}", Variables),
        ("PATCH", "/variables/{variable_key}", Variables),
        ("DELETE", "/variables/{variable_key}", Variables),
    ];

    public static void Map(IEndpointRouteBuilder api)
    {
        foreach (var (method, path, sentence) in All)
        {
            api.MapMethods(path, [method], ProblemHttpResult () => NotSupported(sentence))
                .RequireRole(method == "GET" ? ApiRoles.Viewer : ApiRoles.Operator)
                .WithTags("Not supported")
                .WithSummary("Not supported")
                .WithDescription(sentence)
                .ProducesProblem(StatusCodes.Status501NotImplemented);
        }
    }

    private static ProblemHttpResult NotSupported(string sentence) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status501NotImplemented,
        Title = ReasonPhrases.GetReasonPhrase(StatusCodes.Status501NotImplemented),
        Detail = sentence,
    });
}
