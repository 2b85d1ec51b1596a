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

        // Open to whoever reaches it and with every right: nobody means that, so nobody gets it by forgetting a setting.
        if (options.Tokens.Count == 0 && ListenAddresses.BeyondLoopback(configuration) is { Count: > 0 } exposed)
        {
            errors.Add(
                $"{SecurityOptions.SectionName}:{nameof(options.Tokens)} is empty, but {string.Join(", ", exposed)} can be reached from other machines. "
                + "Set Security:Tokens:0:Value (a secret) and Security:Tokens:0:Role (admin), or listen on localhost.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
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
