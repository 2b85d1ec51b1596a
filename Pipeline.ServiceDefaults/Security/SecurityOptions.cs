namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Who may call the API and see the pages. Without tokens and without a provider it is open to this machine, with every right, and refuses
/// to listen beyond it; with either, every caller needs a token or has to have signed in.
/// </summary>
public sealed class SecurityOptions
{
    public const string SectionName = "Security";

    public IList<TokenOptions> Tokens { get; set; } = [];

    public OpenIdConnectSettings OpenIdConnect { get; set; } = new();
}

/// <summary>A secret that a caller sends as <c>Authorization: Bearer …</c>.</summary>
public sealed class TokenOptions
{
    /// <summary>The secret, 16 characters or more.</summary>
    public string Value { get; set; } = "";

    /// <summary><c>viewer</c>, <c>operator</c> or <c>admin</c>.</summary>
    public string Role { get; set; } = "";

    /// <summary>Who holds it, as the audit log names them. Default: the role.</summary>
    public string? Name { get; set; }
}
