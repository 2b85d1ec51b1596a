using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Security;

namespace Microsoft.Extensions.Hosting;

public static class SecurityHostExtensions
{
    /// <summary>
    /// Adds the roles of <see cref="ApiRoles"/> and the tokens that carry them. A host that would listen beyond this machine without
    /// a token does not start.
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
        services.AddAuthentication(TokenAuthentication.Scheme).AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Scheme, null);
        var policies = services.AddAuthorizationBuilder();
        for (var i = 0; i < ApiRoles.All.Length; i++)
        {
            var enough = ApiRoles.All[i..];
            policies.AddPolicy(ApiRoles.All[i], policy => policy.RequireRole(enough));
        }

        return builder;
    }
}
