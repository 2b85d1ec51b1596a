using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.Streaming.RecordLog.Kafka;

internal sealed class KafkaOptionsValidator(IConfiguration configuration) : IValidateOptions<KafkaOptions>
{
    private static readonly string[] Protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
    private static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    public ValidateOptionsResult Validate(string? name, KafkaOptions options)
    {
        var errors = new List<string>();
        if (configuration.GetConnectionString(KafkaOptions.ConnectionName) is { Length: > 0 } servers)
        {
            CheckServers(servers, errors);
        }

        Within(nameof(options.DeliveryTimeout), options.DeliveryTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(nameof(options.StartTimeout), options.StartTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));
        Within(nameof(options.RequestTimeout), options.RequestTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Within(nameof(options.SessionTimeout), options.SessionTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(30));
        Within(nameof(options.MaxPollInterval), options.MaxPollInterval, options.SessionTimeout, TimeSpan.FromDays(1));
        Within(nameof(options.StatisticsInterval), options.StatisticsInterval, TimeSpan.Zero, TimeSpan.FromHours(1));
        OneOf(nameof(options.SecurityProtocol), options.SecurityProtocol, Protocols);
        OneOf(nameof(options.Compression), options.Compression, Codecs);
        if (options.ReplicationFactor is not -1 and (< 1 or > short.MaxValue))
        {
            errors.Add($"{KafkaOptions.SectionName}:{nameof(options.ReplicationFactor)} is {options.ReplicationFactor}; it must be −1 (the broker's default) or at least 1.");
        }

        if (options.SecurityProtocol.StartsWith("sasl", StringComparison.OrdinalIgnoreCase) && string.IsNullOrEmpty(options.SaslMechanism))
        {
            errors.Add($"{KafkaOptions.SectionName}:{nameof(options.SaslMechanism)} is not set, but {nameof(options.SecurityProtocol)} is {options.SecurityProtocol}.");
        }

        if (options.SslCaLocation is { Length: > 0 } file && !Path.Exists(file))
        {
            errors.Add($"{KafkaOptions.SectionName}:{nameof(options.SslCaLocation)} is '{file}', which does not exist.");
        }

        foreach (var owned in options.Client.Keys.Intersect(KafkaClients.Owned, StringComparer.OrdinalIgnoreCase))
        {
            errors.Add($"{KafkaOptions.SectionName}:{nameof(options.Client)}:{owned} cannot be set: what is delivered and committed depends on it.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Within(string property, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                errors.Add($"{KafkaOptions.SectionName}:{property} is {value}; it must be between {least} and {most}.");
            }
        }

        void OneOf(string property, string value, string[] allowed)
        {
            if (!allowed.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                errors.Add($"{KafkaOptions.SectionName}:{property} is '{value}'; it must be one of {string.Join(", ", allowed)}.");
            }
        }
    }

    private static void CheckServers(string servers, List<string> errors)
    {
        foreach (var server in servers.Split(',', StringSplitOptions.TrimEntries))
        {
            // Behind the scheme, if one is given: host, [IPv6] or name, and a port.
            var address = server[(server.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0)..];
            var colon = address.LastIndexOf(':');
            if (colon < 1 || !ushort.TryParse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture, out var port) || port == 0)
            {
                errors.Add($"ConnectionStrings:{KafkaOptions.ConnectionName} has '{server}', which is not host:port.");
            }
        }
    }
}
