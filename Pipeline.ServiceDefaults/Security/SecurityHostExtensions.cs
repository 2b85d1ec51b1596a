using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Security;

namespace Microsoft.Extensions.Hosting;

public static class SecurityHostExtensions
{
    /// <summary>
    /// Adds the roles of <see cref="ApiRoles"/>, the tokens that carry them and the provider that tells them, as set. A host that would listen
    /// beyond this machine with neither does not start.
    /// </summary>
    public static IHostApplicationBuilder AddApiSecurity(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(TokenBook)))
        {
            return builder;
        }

        services.AddOptions<SecurityOptions>().BindConfiguration(SecurityOptions.SectionName).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SecurityOptions>, SecurityOptionsValidator>());
        services.AddSingleton<TokenBook>();
        services.AddSingleton(provider => new TokenSignIn(provider.GetRequiredService<TokenBook>()));
        var authentication = services.AddAuthentication(TokenAuthentication.Scheme);
        authentication.AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Scheme, null);
        if (builder.Configuration.GetSection(SecurityOptions.SectionName).Get<SecurityOptions>()?.OpenIdConnect is { IsOn: true } provider && SecurityOptionsValidator.IsAuthority(provider.Authority))
        {
            authentication.AddOpenIdConnectSignIn(provider);
        }

        var policies = services.AddAuthorizationBuilder();
        for (var i = 0; i < ApiRoles.All.Length; i++)
        {
            var enough = ApiRoles.All[i..];
            policies.AddPolicy(ApiRoles.All[i], policy => policy.RequireRole(enough));
        }

        return builder;
    }
}
