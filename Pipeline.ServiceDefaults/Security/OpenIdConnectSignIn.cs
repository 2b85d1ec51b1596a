using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>
/// Signing in at a provider. What comes back is reduced to a name and a role, which the browser keeps sealed in a cookie until it closes,
/// at most eight hours; the provider's own tokens are not kept.
/// </summary>
internal static class OpenIdConnectSignIn
{
    public const string ProviderScheme = "oidc";
    public const string SessionScheme = "oidc-session";

    private static readonly TimeSpan Session = TimeSpan.FromHours(8);

    public static void AddOpenIdConnectSignIn(this AuthenticationBuilder authentication, OpenIdConnectSettings settings)
    {
        authentication.AddCookie(SessionScheme, options =>
        {
            options.Cookie.Name = "pipeline-session";
            options.ExpireTimeSpan = Session;
            options.SlidingExpiration = false;
            Protect(options.Cookie);
        });
        authentication.AddOpenIdConnect(ProviderScheme, options =>
        {
            options.SignInScheme = SessionScheme;
            options.Authority = settings.Authority;
            options.RequireHttpsMetadata = new Uri(settings.Authority!).Scheme == Uri.UriSchemeHttps;
            options.ClientId = settings.ClientId;
            options.ClientSecret = settings.ClientSecret;
            options.ResponseType = OpenIdConnectResponseType.Code;
            // The answer comes as a link, so that its cookies need not be open to posts from other sites.
            options.ResponseMode = OpenIdConnectResponseMode.Query;
            options.CallbackPath = PageSignIn.CallbackPath;
            options.MapInboundClaims = false;
            options.GetClaimsFromUserInfoEndpoint = false;
            foreach (var scope in settings.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                options.Scope.Add(scope);
            }

            Protect(options.CorrelationCookie);
            Protect(options.NonceCookie);
            options.Events.OnTokenValidated = context =>
            {
                context.Principal = Reduce(context.Principal!, settings);
                context.Properties!.IsPersistent = false;
                return Task.CompletedTask;
            };
            options.Events.OnRemoteFailure = context =>
            {
                // The reason may name internals of the provider: it is for the log, not for whoever came here.
                Log.SignInFailed(context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OpenIdConnectSignIn).FullName!), context.Failure?.Message ?? "no reason was given");
                context.Response.Redirect($"{PageSignIn.Path}?failed=true");
                context.HandleResponse();
                return Task.CompletedTask;
            };
        });
    }

    private static void Protect(CookieBuilder cookie)
        => (cookie.HttpOnly, cookie.SameSite, cookie.SecurePolicy, cookie.IsEssential) = (true, SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest, true);

    private static ClaimsPrincipal Reduce(ClaimsPrincipal person, OpenIdConnectSettings settings)
    {
        var name = person.FindFirstValue(settings.NameClaim) is { Length: > 0 } chosen ? chosen : person.FindFirstValue("sub") ?? "unknown";
        var claims = new List<Claim> { new(ClaimTypes.Name, name.Length > 100 ? name[..100] : name) };
        if (settings.RoleOf(person.FindAll(settings.RoleClaim).Select(claim => claim.Value)) is { } role)
        {
            claims.Add(new Claim(ClaimTypes.Role, role));
        }

        return new ClaimsPrincipal(new ClaimsIdentity(claims, SessionScheme));
    }
}
