namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Who may call the API. Without tokens it is open to this machine, with every right, and refuses to listen beyond it; with tokens
/// every caller needs one.
/// </summary>
public sealed class SecurityOptions
{
    public const string SectionName = "Security";

    public IList<TokenOptions> Tokens { get; set; } = [];
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
