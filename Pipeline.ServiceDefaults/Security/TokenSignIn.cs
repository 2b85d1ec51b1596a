using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>How a browser signs in. A token is kept in a cookie that no script can read and that is gone when the browser closes.</summary>
public sealed class TokenSignIn
{
    internal const string Cookie = "pipeline-token";

    private readonly TokenBook _tokens;

    internal TokenSignIn(TokenBook tokens) => _tokens = tokens;

    /// <summary>Whether people have to sign in.</summary>
    public bool IsNeeded => !_tokens.IsOpen;

    /// <summary>Whether they can do so with a token.</summary>
    public bool TakesTokens => _tokens.HasTokens;

    /// <summary>Whether they can do so at a provider of OpenID Connect.</summary>
    public bool HasProvider => _tokens.HasProvider;

    /// <summary>Sends the browser to the provider, and to a path of this site when it comes back.</summary>
    public static Task ToProviderAsync(HttpContext context, string to)
        => context.ChallengeAsync(OpenIdConnectSignIn.ProviderScheme, new AuthenticationProperties { RedirectUri = to });

    /// <summary>Gives the browser its cookie when the token is one of the settings.</summary>
    public bool TrySignIn(HttpContext context, string token)
    {
        if (_tokens.Find(token) is null)
        {
            return false;
        }

        context.Response.Cookies.Append(Cookie, token, Options(context));
        return true;
    }

    /// <summary>Ends the browser's session here; the one at the provider stays.</summary>
    public async Task SignOutAsync(HttpContext context)
    {
        context.Response.Cookies.Delete(Cookie, Options(context));
        if (HasProvider)
        {
            await context.SignOutAsync(OpenIdConnectSignIn.SessionScheme);
        }
    }

    // Lax, not Strict: a link from a chat or a wiki shall find the person signed in.
    private static CookieOptions Options(HttpContext context)
        => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, IsEssential = true, Path = "/" };
}
