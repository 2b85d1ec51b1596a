using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Components;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Page;

/// <summary>Signing in with a token of the settings, which the browser then keeps in a cookie that no script can read, or at a provider.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        // IResult, because what is generated for the endpoints does not see the components, which are generated as well.
        app.MapGet(PageSignIn.Path, IResult (string? to, bool? failed) => Page(to, isRefused: false, hasFailed: failed == true)).ExcludeFromDescription();
        app.MapGet(PageSignIn.ProviderPath, ToProviderAsync).RequireRateLimiting(PageLimits.SignIn).ExcludeFromDescription();
        app.MapPost(PageSignIn.Path, SignInAsync).WithMetadata(new RequireAntiforgeryTokenAttribute()).RequireRateLimiting(PageLimits.SignIn).ExcludeFromDescription();
        app.MapPost(PageSignIn.OutPath, SignOutAsync).ExcludeFromDescription();
    }

    // Reads the form itself: what is generated for parameters from a form answers one that did not come from our page with a fault of the server.
    private static async Task<IResult> SignInAsync(HttpContext context, TokenSignIn signIn)
    {
        // In this order: even to ask whether there is a form is refused with an exception when it is a forged one.
        if (context.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: true } || !context.Request.HasFormContentType)
        {
            return TypedResults.BadRequest();
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        string? to = form["to"];
        return signIn.TrySignIn(context, form["token"].ToString().Trim())
            ? TypedResults.LocalRedirect(LocalPath(to))
            : Page(to, isRefused: true);
    }

    private static async Task ToProviderAsync(string? to, HttpContext context, TokenSignIn signIn)
    {
        if (signIn.HasProvider)
        {
            await TokenSignIn.ToProviderAsync(context, LocalPath(to));
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    // Ends only the browser's own session, so that a forged call could do no more than make a person sign in again.
    private static async Task<RedirectHttpResult> SignOutAsync(HttpContext context, TokenSignIn signIn)
    {
        await signIn.SignOutAsync(context);
        return TypedResults.LocalRedirect(PageSignIn.Path);
    }

    private static RazorComponentResult<SignInPage> Page(string? to, bool isRefused, bool hasFailed = false) => new(new { To = LocalPath(to), IsRefused = isRefused, HasFailed = hasFailed })
    {
        StatusCode = isRefused ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK,
    };

    /// <summary>Only a path of this site: a link to the sign-in must not lead elsewhere afterwards.</summary>
    private static string LocalPath(string? to) => to is { Length: > 0 } && to[0] == '/' && !to.StartsWith("//", StringComparison.Ordinal) && !to.StartsWith("/\\", StringComparison.Ordinal) ? to : "/";
}
