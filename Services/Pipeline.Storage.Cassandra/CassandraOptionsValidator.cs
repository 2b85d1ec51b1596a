using System.Globalization;
using System.Text.RegularExpressions;
using Cassandra;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.Storage.Cassandra;

internal sealed partial class CassandraOptionsValidator(IConfiguration configuration) : IValidateOptions<CassandraOptions>
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, CassandraOptions options)
    {
        var errors = new List<string>();
        CassandraAddress.Parse(configuration.GetConnectionString(CassandraAddress.ConnectionName) ?? "", errors);
        Expect(errors, KeyspaceName().IsMatch(options.Keyspace), nameof(options.Keyspace), options.Keyspace, "must be up to 48 lower-case letters, digits and underscores, and begin with a letter");
        Expect(errors, ReplicationSetting.TryParse(options.Replication, out _), nameof(options.Replication), options.Replication, "must be a number, or datacenters with a number each as in dc1:3,dc2:3");
        Expect(errors, ConsistencyNames.TryParse(options.Consistency, out var level) && !ConsistencyNames.IsSerial(level) && level != ConsistencyLevel.Any, nameof(options.Consistency), options.Consistency, "must be ONE, TWO, THREE, LOCAL_ONE, LOCAL_QUORUM, QUORUM, EACH_QUORUM or ALL");
        Expect(errors, ConsistencyNames.TryParse(options.SerialConsistency, out var serial) && ConsistencyNames.IsSerial(serial), nameof(options.SerialConsistency), options.SerialConsistency, "must be LOCAL_SERIAL or SERIAL");
        ExpectBucket(errors, nameof(options.EventBucket), options.EventBucket);
        ExpectRange(errors, nameof(options.EventShards), options.EventShards, 1, 256);
        ExpectBucket(errors, nameof(options.UserBucket), options.UserBucket);
        ExpectRange(errors, nameof(options.UserSlots), options.UserSlots, 1, 1024);
        ExpectRange(errors, nameof(options.MaxInFlight), options.MaxInFlight, 1, 2048);
        ExpectTime(errors, nameof(options.RequestTimeout), options.RequestTimeout);
        ExpectTime(errors, nameof(options.ConnectTimeout), options.ConnectTimeout);
        ExpectFile(errors, options.Tls, nameof(options.TlsCertificateAuthority), options.TlsCertificateAuthority);
        ExpectFile(errors, options.Tls, nameof(options.TlsClientCertificate), options.TlsClientCertificate);
        ExpectFile(errors, options.Tls, nameof(options.TlsClientKey), options.TlsClientKey);
        Expect(errors, options.TlsClientCertificate.Length == 0 == (options.TlsClientKey.Length == 0), nameof(options.TlsClientKey), options.TlsClientKey, $"must be set together with {nameof(options.TlsClientCertificate)}");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void ExpectRange(List<string> errors, string setting, int value, int least, int most)
        => Expect(errors, value >= least && value <= most, setting, value, string.Create(CultureInfo.InvariantCulture, $"must be between {least} and {most}"));

    private static void ExpectBucket(List<string> errors, string setting, TimeSpan value)
        => Expect(errors, value >= TimeSpan.FromMinutes(1) && value <= Day && Day.Ticks % value.Ticks == 0, setting, value, "must divide a day and be at least a minute");

    private static void ExpectTime(List<string> errors, string setting, TimeSpan value)
        => Expect(errors, value >= TimeSpan.FromMilliseconds(100) && value <= TimeSpan.FromMinutes(5), setting, value, "must be between 100 ms and 5 minutes");

    private static void ExpectFile(List<string> errors, bool tls, string setting, string path)
    {
        if (path.Length > 0)
        {
            Expect(errors, tls, setting, path, $"has no effect without {CassandraOptions.SectionName}:{nameof(CassandraOptions.Tls)}");
            Expect(errors, File.Exists(path), setting, path, "is not a file that can be read");
        }
    }

    private static void Expect(List<string> errors, bool holds, string setting, object value, string rule)
    {
        if (!holds)
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"{CassandraOptions.SectionName}:{setting} is '{value}'; it {rule}."));
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,47}$")]
    private static partial Regex KeyspaceName();
}
