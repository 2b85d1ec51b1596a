using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pipeline.Testing;

/// <summary>A certificate authority of a test's own. What it signs is valid for a day.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddHours(-1);
    private static readonly DateTimeOffset To = From.AddDays(1);
    private readonly RSA _key;
    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        (_key, var request) = New("CN=test authority");
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _certificate = request.CreateSelfSigned(From, To);
    }

    private TestAuthority(TestAuthority root)
    {
        (_key, var request) = New("CN=test authority below it");
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var signed = request.Create(root._certificate, From, To.AddMinutes(-1), RandomNumberGenerator.GetBytes(16));
        _certificate = signed.CopyWithPrivateKey(_key);
    }

    /// <summary>Its own certificate, PEM.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>An authority that this one vouches for.</summary>
    public TestAuthority Intermediate() => new(this);

    /// <summary>A key and a certificate for it, both PEM.</summary>
    /// <param name="name">A host's name, or a person's.</param>
    /// <param name="addresses">Addresses of the host that the certificate is valid for; with none it is for the name.</param>
    public (string Key, string Certificate) Issue(string name, params IPAddress[] addresses)
    {
        var (key, request) = New($"CN={name}");
        using (key)
        {
            var names = new SubjectAlternativeNameBuilder();
            Array.ForEach(addresses, names.AddIpAddress);
            if (addresses.Length == 0)
            {
                names.AddDnsName(name);
            }

            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.Create(_certificate, From, To.AddMinutes(-2), RandomNumberGenerator.GetBytes(16));
            return (key.ExportPkcs8PrivateKeyPem() + "\n", certificate.ExportCertificatePem() + "\n");
        }
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    private static (RSA Key, CertificateRequest Request) New(string name)
    {
        var key = RSA.Create(2048);
        return (key, new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }
}
