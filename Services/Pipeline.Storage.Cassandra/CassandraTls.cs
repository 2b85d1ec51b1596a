using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Cassandra;

namespace Pipeline.Storage.Cassandra;

/// <summary>Encryption as the settings say. The server's certificate is always checked.</summary>
internal static class CassandraTls
{
    public static SSLOptions Create(CassandraOptions options)
    {
        var tls = new SSLOptions(SslProtocols.None, checkCertificateRevocation: false, Checker(options));
        if (options.TlsClientCertificate.Length > 0)
        {
            tls.SetCertificateCollection([X509Certificate2.CreateFromPemFile(options.TlsClientCertificate, options.TlsClientKey)]);
        }

        return tls;
    }

    private static RemoteCertificateValidationCallback Checker(CassandraOptions options)
    {
        if (options.TlsCertificateAuthority.Length == 0)
        {
            return (_, _, _, errors) => errors == SslPolicyErrors.None;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(options.TlsCertificateAuthority);
        return (_, certificate, _, errors) => certificate is not null
            && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            && IsSignedBy(authorities, certificate);
    }

    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(copy);
    }
}
