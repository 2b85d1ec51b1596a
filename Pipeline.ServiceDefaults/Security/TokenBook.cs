using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>The tokens of the settings, by their hashes: comparing takes the same time whatever a guess has right.</summary>
internal sealed class TokenBook(IOptions<SecurityOptions> options)
{
    private readonly (byte[] Hash, ClaimsPrincipal Holder)[] _tokens =
        [.. options.Value.Tokens.Select(token => (Hash(token.Value), Principal(token.Name ?? token.Role, token.Role)))];

    /// <summary>Whether nobody has to say who they are: every caller on this machine is an admin.</summary>
    public bool IsOpen => !HasTokens && !HasProvider;

    public bool HasTokens => _tokens.Length > 0;

    /// <summary>Whether people can sign in at a provider of OpenID Connect.</summary>
    public bool HasProvider { get; } = options.Value.OpenIdConnect.IsOn;

    public static ClaimsPrincipal Open { get; } = Principal(ApiRoles.Anonymous, ApiRoles.Admin);

    public ClaimsPrincipal? Find(string token)
    {
        var hash = Hash(token);
        ClaimsPrincipal? found = null;
        foreach (var (known, holder) in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(known, hash))
            {
                found = holder;
            }
        }

        return found;
    }

    private static ClaimsPrincipal Principal(string name, string role)
        => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role)], TokenAuthentication.Scheme));

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
