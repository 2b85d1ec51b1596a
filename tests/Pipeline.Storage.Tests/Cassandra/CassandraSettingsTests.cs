using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Pipeline.Storage.Cassandra;
using Pipeline.Storage.Cassandra.Writing;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>What needs no server: settings, the connection string, and what is computed.</summary>
public sealed class CassandraSettingsTests
{
    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("localhost", "localhost:9042")]
    [InlineData("a:9043, b:9043", "a:9043, b:9043")]
    [InlineData("[::1]:9043", "::1:9043")]
    [InlineData("::1", "::1:9042")]
    [InlineData("Contact Points=a,b;Port=9043;Username=u;Password=p=q", "a:9043, b:9043")]
    public void Address_WellFormed_IsRead(string text, string expected)
    {
        var errors = new List<string>();
        var address = CassandraAddress.Parse(text, errors);

        Assert.Empty(errors);
        Assert.Equal(expected, address.ToString());
    }

    [Fact]
    public void Address_PasswordWithAnEqualsSign_IsKept() => Assert.Equal("p=q", CassandraAddress.Parse("Contact Points=a;Username=u;Password=p=q", []).Password);

    [Theory]
    [InlineData("", "names no contact point")]
    [InlineData("a:0", "contact point 'a:0'")]
    [InlineData("a:1,b:2", "several ports (1, 2)")]
    [InlineData("Contact Points=a;Port=x", "port 'x'")]
    [InlineData("Contact Points=a;Username=u", "both Username and Password")]
    [InlineData("Contact Points=a;Keyspace=k", "'Keyspace', which is not one of")]
    public void Address_Malformed_SaysWhat(string text, string expected)
    {
        var errors = new List<string>();
        CassandraAddress.Parse(text, errors);

        Assert.Contains(expected, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_Defaults_Succeed() => Assert.True(Validate(new CassandraOptions()).Succeeded);

    [Fact]
    public void Validate_EveryMistake_IsNamedAtOnce()
    {
        var result = Validate(
            new CassandraOptions
            {
                Keyspace = "User-Events",
                Replication = "dc1:3,4",
                Consistency = "LOCAL_SERIAL",
                SerialConsistency = "ONE",
                EventBucket = TimeSpan.FromHours(7),
                UserBucket = TimeSpan.FromDays(2),
                EventShards = 0,
                UserSlots = 5000,
                MaxInFlight = 0,
                RequestTimeout = TimeSpan.Zero,
                ConnectTimeout = TimeSpan.FromHours(1),
                TlsCertificateAuthority = "/no/such/file",
                TlsClientKey = "/no/such/file",
            },
            "a:nowhere");

        string[] settings = ["Keyspace", "Replication", "Consistency", "SerialConsistency", "EventBucket", "EventShards", "UserBucket", "UserSlots", "MaxInFlight", "RequestTimeout", "ConnectTimeout"];
        Assert.All(settings, setting => Assert.Contains(result.Failures!, f => f.StartsWith($"Cassandra:{setting} is '", StringComparison.Ordinal)));
        Assert.Contains(result.Failures!, f => f.Contains("'a:nowhere'", StringComparison.Ordinal));
        Assert.Equal(2, result.Failures!.Count(f => f.Contains("is not a file that can be read", StringComparison.Ordinal)));
        Assert.Contains(result.Failures!, f => f.Contains("must be set together with TlsClientCertificate", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1", "{'class': 'NetworkTopologyStrategy', 'local': 1}")]
    [InlineData("dc1:3, dc2:2", "{'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}")]
    public void Replication_Setting_BecomesCql(string setting, string expected) => Assert.Equal(expected, ReplicationSetting.ToCql(setting, "local"));

    [Theory]
    [InlineData("LOCAL_QUORUM", true)]
    [InlineData("LocalQuorum", true)]
    [InlineData("quorum", true)]
    [InlineData("7", false)]
    [InlineData("", false)]
    public void Consistency_Names_AreThoseOfCql(string name, bool isKnown) => Assert.Equal(isKnown, ConsistencyNames.TryParse(name, out _));

    [Fact]
    public void TimeToLive_OfARow_CountsFromItsTimeWhenItIsWrittenLate()
    {
        var now = TestRows.Start;
        var day = TimeSpan.FromDays(1);

        Assert.Equal(86_400, TimeToLive.Seconds(now, day, now));
        Assert.Equal(43_200, TimeToLive.Seconds(now - 43_200_000, day, now));
        Assert.Equal(3_600, TimeToLive.Seconds(now - (9 * 86_400_000L), day, now));
        Assert.Equal(0, TimeToLive.Seconds(now, TimeSpan.FromDays(36_000), now));
    }

    [Fact]
    public void EventData_OfAnEvent_KeepsTextAndWritesTheRestAsJson()
        => Assert.Equal(
            [new("first_name", "Zo\u00eb \"Z\""), new("age", "34"), new("address", "{\"city\": \"Kyiv\"}"), new("ok", "true")],
            FieldsOf(EventData.ToMap("""{"first_name":"Zo\u00eb \"Z\"","age":34,"gone":null,"address":{"city": "Kyiv"},"ok":true}"""u8)));

    [Fact]
    public void EventData_OfAnyFields_Fits()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            // Short names and values are the ones whose lengths weigh most; some are longer than what is reserved without renting.
            var fields = Enumerable.Range(0, random.Next(0, 400)).Select(i => KeyValuePair.Create(i == 0 ? "" : $"{i}", new string('\u00e4', random.Next(0, 3)))).ToList();
            var json = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>(fields), Unescaped);

            Assert.Equal(fields, FieldsOf(EventData.ToMap(json)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":null}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    public void EventData_OfAnythingElse_IsEmpty(string value) => Assert.Empty(FieldsOf(EventData.ToMap(Encoding.UTF8.GetBytes(value))));

    /// <summary>An encoded map as the native protocol describes it: a count, then names and values behind their lengths.</summary>
    private static List<KeyValuePair<string, string>> FieldsOf(byte[] map)
    {
        var at = sizeof(int);
        var fields = Enumerable.Range(0, BinaryPrimitives.ReadInt32BigEndian(map)).Select(_ => KeyValuePair.Create(Read(), Read())).ToList();
        Assert.Equal(map.Length, at);
        return fields;

        string Read()
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(map.AsSpan(at));
            at += sizeof(int) + length;
            return Encoding.UTF8.GetString(map, at - length, length);
        }
    }

    private static Microsoft.Extensions.Options.ValidateOptionsResult Validate(CassandraOptions options, string address = "localhost")
        => new CassandraOptionsValidator(new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:cassandra", address)]).Build()).Validate(null, options);
}
