using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Cassandra;

namespace Pipeline.Storage.Cassandra;

/// <summary>Encryption as the settings say. The server's certificate is always checked.</summary>
internal static class CassandraTls
{
    /// <param name="contactPoints">As the settings call them: that is what their certificates must be made for. Of other nodes only the address is known, and what it is called.</param>
    public static async Task<SSLOptions> CreateAsync(CassandraOptions options, IReadOnlyList<string> contactPoints)
    {
        var tls = new SSLOptions(SslProtocols.None, checkCertificateRevocation: false, Checker(options));
        var (names, others) = (await NamesAsync(contactPoints), tls.HostNameResolver);
        tls.SetHostNameResolver(address => names.TryGetValue(address, out var name) ? name : others(address));
        if (options.TlsClientCertificate.Length > 0)
        {
            tls.SetCertificateCollection([X509Certificate2.CreateFromPemFile(options.TlsClientCertificate, options.TlsClientKey)]);
        }

        return tls;
    }

    private static async Task<Dictionary<IPAddress, string>> NamesAsync(IReadOnlyList<string> contactPoints)
    {
        var names = new Dictionary<IPAddress, string>();
        foreach (var name in contactPoints)
        {
            try
            {
                foreach (var address in await Dns.GetHostAddressesAsync(name))
                {
                    names.TryAdd(address, name);
                }
            }
            catch (SocketException)
            {
                // The driver will say so, if the other contact points do not answer either.
            }
        }

        return names;
    }

    private static RemoteCertificateValidationCallback Checker(CassandraOptions options)
    {
        if (options.TlsCertificateAuthority.Length == 0)
        {
            return (_, _, _, errors) => errors == SslPolicyErrors.None;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(options.TlsCertificateAuthority);
        return (_, certificate, presented, errors) => certificate is not null
            && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            && IsSignedBy(authorities, certificate, presented);
    }

    /// <param name="presented">What the server sent with its certificate: an authority in between may be among it.</param>
    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate certificate, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(copy);
    }
}
