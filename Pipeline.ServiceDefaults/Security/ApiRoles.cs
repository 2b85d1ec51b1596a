using System.Security.Claims;
using Microsoft.AspNetCore.Builder;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>What a caller of the API may do. Each role includes the ones before it. The names are those of the authorization policies too.</summary>
public static class ApiRoles
{
    /// <summary>Reads everything, changes nothing.</summary>
    public const string Viewer = "viewer";

    /// <summary>Runs what there is: sends events, triggers, clears, marks, pauses, backfills.</summary>
    public const string Operator = "operator";

    /// <summary>Changes what there is: deletes, pools, settings.</summary>
    public const string Admin = "admin";

    /// <summary>The name of everybody where nobody has to say one.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>From the least to the most powerful.</summary>
    internal static readonly string[] All = [Viewer, Operator, Admin];

    /// <summary>Whether somebody has this role, or a more powerful one.</summary>
    public static bool Holds(ClaimsPrincipal person, string role) => All.SkipWhile(known => known != role).Any(person.IsInRole);

    /// <summary>Only callers that have this role, or a more powerful one, reach the endpoint.</summary>
    public static TBuilder RequireRole<TBuilder>(this TBuilder endpoint, string role)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.RequireAuthorization(role);
}
