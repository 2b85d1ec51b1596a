using System.Globalization;
using System.Net;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>A broker that takes only encrypted connections of users that it knows, with a certificate of an authority of our own.</summary>
public sealed class KafkaSecurityTests
{
    private const string Topic = "secured";
    private const string Password = "s3cret-of-the-test";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Log_BrokerWithTlsAndPassword_IsUsedByWhoeverHasBothAndByNobodyElse()
    {
        using var files = new TempDirectory();
        var (authority, keys) = (files.File("authority.pem"), files.File("broker.pem"));
        using (var issuer = new TestAuthority())
        {
            var (key, certificate) = issuer.Issue("broker", IPAddress.Loopback);
            await File.WriteAllTextAsync(authority, issuer.Pem, Stop);
            await File.WriteAllTextAsync(keys, key + certificate + issuer.Pem, Stop);
        }

        await using var servers = await OwnServers.StartAsync("kafka");
        var address = await servers.AddressAsync("kafka");
        servers.Settings.Add(("SERVERS_KAFKA_EXTRA", Properties(address, authority, keys)));
        await servers.RestartAsync("kafka");

        await using var log = Open(address, authority, Password);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await log.CreateTopicsAsync([new TopicSpec(Topic, 1, null)], Stop);
                    return true;
                }
                catch (RecordLogException e) when (e.IsTransient)
                {
                    return false;
                }
            },
            Patience);
        await using var writer = log.CreateWriter();
        using var records = Records.Of(("k", "first"), ("k", "second"));
        await writer.AppendAsync(Topic, records, Stop);
        await using var reader = log.CreateReader("g");
        var listener = new RecordingListener();
        await reader.SubscribeAsync([Topic], listener, Stop);
        var values = new List<string?>();
        await Eventually.TrueAsync(
            async () =>
            {
                using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(1), Stop);
                values.AddRange(batch?.Values() ?? []);
                return values.Count == 2;
            },
            Patience);
        await reader.CommitAsync([new Position(new TopicPartition(Topic, 0), 2)], Stop);

        Assert.Equal(["first", "second"], values);
        Assert.Equal(2, Assert.Single(await log.GetCommittedAsync("g", Stop)).Offset);
        await RefusedAsync(address, authority, "wrong", "sasl_ssl");
        await RefusedAsync(address, authority: null, Password, "sasl_ssl");
        await RefusedAsync(address, authority, Password, "plaintext");
    }

    private static KafkaRecordLog Open(string address, string? authority, string password, string protocol = "sasl_ssl", Action<KafkaOptions>? change = null)
        => new(
            address,
            KafkaLogs.Options(options =>
            {
                options.SecurityProtocol = protocol;
                options.SslCaLocation = authority;
                options.SaslMechanism = protocol == "plaintext" ? null : "PLAIN";
                options.SaslUsername = protocol == "plaintext" ? null : "pipeline";
                options.SaslPassword = protocol == "plaintext" ? null : password;
                change?.Invoke(options);
            }),
            TimeProvider.System,
            [Topic]);

    private static async Task RefusedAsync(string address, string? authority, string password, string protocol)
    {
        await using var log = Open(address, authority, password, protocol, options => options.RequestTimeout = TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<RecordLogException>(() => log.DescribeAsync(Stop).AsTask());
    }

    /// <summary>Settings of the broker, one a line, with ';' between them; inside a value it is written as an escape.</summary>
    private static string Properties(string address, string authority, string keys)
    {
        string[] lines =
        [
            $"listeners=SASL_SSL://{address}",
            $"advertised.listeners=SASL_SSL://{address}",
            "security.inter.broker.protocol=SASL_SSL",
            "sasl.mechanism.inter.broker.protocol=PLAIN",
            "sasl.enabled.mechanisms=PLAIN",
            string.Create(
                CultureInfo.InvariantCulture,
                $"listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"broker\" password=\"{Password}\" user_broker=\"{Password}\" user_pipeline=\"{Password}\"\\u003b"),
            "ssl.keystore.type=PEM",
            $"ssl.keystore.location={keys}",
            "ssl.truststore.type=PEM",
            $"ssl.truststore.location={authority}",
        ];
        return string.Join(';', lines);
    }
}
