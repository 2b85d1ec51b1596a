namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Marks endpoints that are pages for people: a browser without a token is sent to where one is typed instead of being told about
/// headers, and a link on another site may lead to them.
/// </summary>
public sealed class PageSignIn
{
    public const string Path = "/sign-in";
    public const string OutPath = "/sign-out";

    /// <summary>Leads on to the provider of OpenID Connect, if there is one.</summary>
    public const string ProviderPath = "/sign-in/provider";

    internal const string CallbackPath = "/sign-in/callback";

    public static PageSignIn Instance { get; } = new();
}
