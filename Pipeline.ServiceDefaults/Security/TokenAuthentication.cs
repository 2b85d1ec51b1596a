using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Takes <c>Authorization: Bearer TOKEN</c>, or the cookie of a browser that has signed in; where the settings name neither tokens nor a provider, every
/// caller on this machine.
/// </summary>
internal sealed class TokenAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenBook tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "token";

    private const string Prefix = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var result = Authenticate();
        if (!result.None || !tokens.HasProvider || !IsFromOwnPage())
        {
            return result;
        }

        return await Context.AuthenticateAsync(OpenIdConnectSignIn.SessionScheme) is { Succeeded: true } session ? Success(session.Principal) : result;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (!tokens.IsOpen && IsPage && HttpMethods.IsGet(Request.Method))
        {
            Response.Redirect($"{PageSignIn.Path}?to={Uri.EscapeDataString(Request.Path + Request.QueryString)}");
            return Task.CompletedTask;
        }

        if (tokens.IsOpen)
        {
            return WriteAsync(
                StatusCodes.Status403Forbidden,
                "Without tokens (Security:Tokens) and without a provider (Security:OpenIdConnect) the API answers only this machine, called localhost, and no other site's pages.");
        }

        Response.Headers.WWWAuthenticate = "Bearer";
        return WriteAsync(
            StatusCodes.Status401Unauthorized,
            Request.Headers.Authorization.Count == 0 ? "Send a token: Authorization: Bearer TOKEN." : "The token is not one of this pipeline's.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var needed = Context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => Array.IndexOf(ApiRoles.All, data.Policy)).DefaultIfEmpty(-1).Max();
        var has = Context.User.FindFirstValue(ClaimTypes.Role);
        return WriteAsync(
            StatusCodes.Status403Forbidden,
            needed is >= 0 and var role
                ? $"{Request.Method} {Request.Path} needs the role {ApiRoles.All[role]}; {Describe(has)}."
                : $"It needs another role; {Describe(has)}.");

        string Describe(string? role) => role is null
            ? $"'{Context.User.Identity?.Name}' has none here: the provider names none in the claim that Security:OpenIdConnect:RoleClaim says"
            : $"'{Context.User.Identity?.Name}' has the role {role}";
    }

    private AuthenticateResult Authenticate()
    {
        if (tokens.IsOpen)
        {
            return IsFromHere() ? Success(TokenBook.Open) : AuthenticateResult.Fail("Not from this machine.");
        }

        if (Request.Headers.Authorization.ToString() is not { Length: > 0 } header)
        {
            return Request.Cookies[TokenSignIn.Cookie] is { } cookie && IsFromOwnPage() && tokens.Find(cookie) is { } person
                ? Success(person)
                : AuthenticateResult.NoResult();
        }

        return header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && tokens.Find(header[Prefix.Length..].Trim()) is { } holder
            ? Success(holder)
            : AuthenticateResult.Fail("Unknown token.");
    }

    /// <summary>
    /// By its address and by the name that it calls us, because a web page of somebody else's may have its name resolve to this
    /// machine, or post to localhost from a browser that runs on it.
    /// </summary>
    private bool IsFromHere()
        => Context.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address)
            ? ListenAddresses.IsLoopback(Request.Host.Host) && IsFromOwnPage()
            : false;

    /// <summary>
    /// Not caused by another site's page, as far as the browser tells; programs tell nothing. Following a link to a page is always
    /// allowed: whoever made the link cannot see the answer.
    /// </summary>
    private bool IsFromOwnPage()
        => (IsPage && HttpMethods.IsGet(Request.Method) && Request.Headers["Sec-Fetch-Mode"] == "navigate")
        || (Request.Headers["Sec-Fetch-Site"].ToString() is not ("cross-site" or "same-site")
            && (Request.Headers.Origin.ToString() is not { Length: > 0 } origin
                || (Uri.TryCreate(origin, UriKind.Absolute, out var site) && site.Authority == Request.Host.Value)));

    private bool IsPage => Context.GetEndpoint()?.Metadata.GetMetadata<PageSignIn>() is not null;

    private static AuthenticateResult Success(ClaimsPrincipal holder) => AuthenticateResult.Success(new AuthenticationTicket(holder, Scheme));

    private Task WriteAsync(int status, string detail)
    {
        Response.StatusCode = status;
        var problem = new ProblemDetails { Status = status, Title = ReasonPhrases.GetReasonPhrase(status), Detail = detail };
        return Response.WriteAsJsonAsync(problem, options: null, "application/problem+json", Context.RequestAborted);
    }
}
