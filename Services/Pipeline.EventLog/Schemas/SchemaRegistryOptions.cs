using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.EventLog.Schemas;

/// <summary>The Schema Registry, section <c>SchemaRegistry</c>. Its address is <c>ConnectionStrings:schema-registry</c>; without one there is none.</summary>
public sealed class SchemaRegistryOptions
{
    public const string SectionName = "SchemaRegistry";

    /// <summary>The name of the connection string.</summary>
    public const string ConnectionName = "schema-registry";

    /// <summary>How events are written; all of these are read, mixed. Default: <see cref="ValueFormat.Json"/>.</summary>
    public ValueFormat Format { get; set; } = ValueFormat.Json;

    /// <summary>What a new version of a schema must keep to: NONE, BACKWARD, FORWARD, FULL, each also _TRANSITIVE. Default: BACKWARD.</summary>
    public string Compatibility { get; set; } = "BACKWARD";

    /// <summary>User for basic authentication. Default: none.</summary>
    public string? Username { get; set; }

    public string? Password { get; set; }

    /// <summary>Bearer token, instead of user and password. Default: none.</summary>
    public string? Token { get; set; }

    /// <summary>How long a request may take. Default: 5 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a start waits for the registry before it gives up. Default: 2 min.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>When a question that the registry did not answer is asked again. Default: 1 s.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>How the value of a record is encoded.</summary>
public enum ValueFormat
{
    /// <summary>JSON as it is; readable by everybody.</summary>
    Json,

    /// <summary>JSON behind the registry's five bytes.</summary>
    JsonSchema,

    /// <summary>Avro behind the registry's five bytes.</summary>
    Avro,
}

internal sealed class SchemaRegistryOptionsValidator(IConfiguration configuration) : IValidateOptions<SchemaRegistryOptions>
{
    private static readonly string[] Levels = ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"];

    public ValidateOptionsResult Validate(string? name, SchemaRegistryOptions options)
    {
        var errors = new List<string>();
        var address = configuration.GetConnectionString(SchemaRegistryOptions.ConnectionName);
        if (!string.IsNullOrEmpty(address) && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            errors.Add($"ConnectionStrings:{SchemaRegistryOptions.ConnectionName} is '{address}', which is not an address like http://localhost:8081.");
        }

        if (string.IsNullOrEmpty(address) && options.Format != ValueFormat.Json)
        {
            errors.Add($"{SchemaRegistryOptions.SectionName}:{nameof(options.Format)} is {options.Format}, which needs a registry: set ConnectionStrings:{SchemaRegistryOptions.ConnectionName}.");
        }

        if (!Levels.Contains(options.Compatibility, StringComparer.Ordinal))
        {
            errors.Add($"{SchemaRegistryOptions.SectionName}:{nameof(options.Compatibility)} is '{options.Compatibility}'; it must be one of {string.Join(", ", Levels)}.");
        }

        Check(nameof(options.RequestTimeout), options.RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Check(nameof(options.StartTimeout), options.StartTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));
        Check(nameof(options.RetryInterval), options.RetryInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5));
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(string property, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                errors.Add($"{SchemaRegistryOptions.SectionName}:{property} is {value}; it must be between {least} and {most}.");
            }
        }
    }
}
