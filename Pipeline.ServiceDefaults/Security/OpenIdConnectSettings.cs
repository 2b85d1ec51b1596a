namespace Pipeline.ServiceDefaults.Security;

/// <summary>A provider at which people sign in, by OpenID Connect: code flow with PKCE. Off without an authority.</summary>
public sealed class OpenIdConnectSettings
{
    /// <summary>Where it is, for example <c>https://login.example.org/realms/data</c>; https, or http on this machine.</summary>
    public string? Authority { get; set; }

    /// <summary>What it calls this pipeline.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>The secret of the client; none for a public client.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What is asked for beside <c>openid</c> and <c>profile</c>, separated by spaces.</summary>
    public string Scope { get; set; } = "";

    /// <summary>The claim that says what somebody may do; it may come several times. Default: <c>roles</c>.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The claim by which the audit log names them. Default: <c>preferred_username</c>; without it the subject.</summary>
    public string NameClaim { get; set; } = "preferred_username";

    /// <summary>The value of the claim that makes a viewer. Default: <c>viewer</c>.</summary>
    public string ViewerValue { get; set; } = ApiRoles.Viewer;

    /// <summary>The value of the claim that makes an operator. Default: <c>operator</c>.</summary>
    public string OperatorValue { get; set; } = ApiRoles.Operator;

    /// <summary>The value of the claim that makes an admin. Default: <c>admin</c>.</summary>
    public string AdminValue { get; set; } = ApiRoles.Admin;

    internal bool IsOn => !string.IsNullOrEmpty(Authority);

    /// <summary>The most powerful role among the values of the claim; null when there is none.</summary>
    internal string? RoleOf(IEnumerable<string> values)
    {
        var held = values.ToHashSet(StringComparer.Ordinal);
        return held.Contains(AdminValue) ? ApiRoles.Admin : held.Contains(OperatorValue) ? ApiRoles.Operator : held.Contains(ViewerValue) ? ApiRoles.Viewer : null;
    }
}
