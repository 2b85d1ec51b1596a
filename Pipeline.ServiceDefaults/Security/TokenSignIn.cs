using Microsoft.AspNetCore.Http;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>Keeps a browser's token in a cookie that no script can read and that is gone when the browser closes.</summary>
public sealed class TokenSignIn
{
    internal const string Cookie = "pipeline-token";

    private readonly TokenBook _tokens;

    internal TokenSignIn(TokenBook tokens) => _tokens = tokens;

    /// <summary>Whether there are tokens, so that people have to sign in.</summary>
    public bool IsNeeded => !_tokens.IsOpen;

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

    public static void SignOut(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options(context));

    // Lax, not Strict: a link from a chat or a wiki shall find the person signed in.
    private static CookieOptions Options(HttpContext context)
        => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, IsEssential = true, Path = "/" };
}
