namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Marks endpoints that are pages for people: a browser without a token is sent to where one is typed instead of being told about
/// headers, and a link on another site may lead to them.
/// </summary>
public sealed class PageSignIn
{
    public const string Path = "/sign-in";
    public const string OutPath = "/sign-out";

    public static PageSignIn Instance { get; } = new();
}
