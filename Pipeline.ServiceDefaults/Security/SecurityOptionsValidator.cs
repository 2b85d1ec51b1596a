using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Security;

internal sealed class SecurityOptionsValidator(IConfiguration configuration) : IValidateOptions<SecurityOptions>
{
    private const int MinTokenLength = 16;

    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        var errors = new List<string>();
        for (var i = 0; i < options.Tokens.Count; i++)
        {
            Check(options.Tokens[i], $"{SecurityOptions.SectionName}:{nameof(options.Tokens)}:{i}", errors);
        }

        if (options.Tokens.Select(token => token.Value).Distinct(StringComparer.Ordinal).Count() < options.Tokens.Count)
        {
            errors.Add($"{SecurityOptions.SectionName}:{nameof(options.Tokens)} has one value twice; a caller would have two roles.");
        }

        Check(options.OpenIdConnect, errors);

        // Open to whoever reaches it and with every right: nobody means that, so nobody gets it by forgetting a setting.
        if (options.Tokens.Count == 0 && !options.OpenIdConnect.IsOn && ListenAddresses.BeyondLoopback(configuration) is { Count: > 0 } exposed)
        {
            errors.Add(
                $"{SecurityOptions.SectionName}:{nameof(options.Tokens)} is empty, but {string.Join(", ", exposed)} can be reached from other machines. "
                + "Set Security:Tokens:0:Value (a secret) and Security:Tokens:0:Role (admin), or Security:OpenIdConnect:Authority and ClientId, or listen on localhost.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    /// <summary>An absolute https address; http only where nobody can listen on the way.</summary>
    internal static bool IsAuthority(string? address)
        => Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && ListenAddresses.IsLoopback(uri.Host)));

    private static void Check(OpenIdConnectSettings provider, List<string> errors)
    {
        const string Path = $"{SecurityOptions.SectionName}:{nameof(SecurityOptions.OpenIdConnect)}";
        if (!provider.IsOn)
        {
            if (provider.ClientId.Length > 0)
            {
                errors.Add($"{Path}:{nameof(provider.Authority)} is missing, but {nameof(provider.ClientId)} is set.");
            }

            return;
        }

        if (!IsAuthority(provider.Authority))
        {
            errors.Add($"{Path}:{nameof(provider.Authority)} is '{provider.Authority}'; it must be an absolute https address, or http on localhost.");
        }

        foreach (var (property, value) in new[] { (nameof(provider.ClientId), provider.ClientId), (nameof(provider.RoleClaim), provider.RoleClaim), (nameof(provider.NameClaim), provider.NameClaim) })
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                errors.Add($"{Path}:{property} is empty.");
            }
        }

        string[] values = [provider.ViewerValue, provider.OperatorValue, provider.AdminValue];
        if (values.Any(string.IsNullOrWhiteSpace) || values.Distinct(StringComparer.Ordinal).Count() < values.Length)
        {
            errors.Add($"{Path}: {nameof(provider.ViewerValue)}, {nameof(provider.OperatorValue)} and {nameof(provider.AdminValue)} must be three different values.");
        }
    }

    /// <summary>The value itself is never part of a message: messages end in logs.</summary>
    private static void Check(TokenOptions token, string path, List<string> errors)
    {
        if (token.Value.Length < MinTokenLength || token.Value.Any(c => c is <= ' ' or > '~'))
        {
            errors.Add($"{path}:{nameof(token.Value)} must be at least {MinTokenLength} characters of ASCII without spaces; it has {token.Value.Length}.");
        }

        if (!ApiRoles.All.Contains(token.Role, StringComparer.Ordinal))
        {
            errors.Add($"{path}:{nameof(token.Role)} must be one of {string.Join(", ", ApiRoles.All)}; it is '{token.Role}'.");
        }

        if (token.Name is { } holder && (holder.Length is 0 or > 100 || holder.Any(char.IsControl)))
        {
            errors.Add($"{path}:{nameof(token.Name)} must be 1 to 100 characters, or left out.");
        }
    }
}
