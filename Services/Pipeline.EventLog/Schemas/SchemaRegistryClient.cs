using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.EventLog.Schemas;

/// <summary>
/// The part of the Confluent Schema Registry's REST API that is needed here (<see href="https://docs.confluent.io/platform/current/schema-registry/develop/api.html"/>).
/// What an id means never changes, so it is asked once. Safe for concurrent use.
/// </summary>
public sealed class SchemaRegistryClient(HttpClient http)
{
    private const int UnknownSubject = 40401;
    private const int UnknownVersion = 40402;
    private const int UnknownSchema = 40403;

    private readonly ConcurrentDictionary<int, RegisteredSchema> _byId = [];

    /// <summary>Registers a schema, or finds it registered.</summary>
    /// <exception cref="SchemaRegistryException">Refused (incompatible with an earlier version, no schema), or no answer.</exception>
    public async Task<int> RegisterAsync(string subject, RegisteredSchema schema, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Post, $"subjects/{Uri.EscapeDataString(subject)}/versions", Body(schema), $"register the schema of '{subject}'", cancellationToken);
        var id = answer!.Value.Deserialize(RegistryJson.Default.IdAnswer)!.Id;
        _byId[id] = schema;
        return id;
    }

    /// <summary>The id under which this very schema is registered for the subject; <see langword="null"/> when it is not.</summary>
    /// <exception cref="SchemaRegistryException">No answer.</exception>
    public async Task<int?> FindIdAsync(string subject, RegisteredSchema schema, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(
            HttpMethod.Post, $"subjects/{Uri.EscapeDataString(subject)}", Body(schema), $"look the schema of '{subject}' up", cancellationToken, UnknownSubject, UnknownSchema);
        if (answer?.Deserialize(RegistryJson.Default.IdAnswer) is not { } found)
        {
            return null;
        }

        _byId[found.Id] = schema;
        return found.Id;
    }

    /// <summary>Why the schema cannot follow the last version, in the registry's words; nothing when it can.</summary>
    public async Task<IReadOnlyList<string>> FindIncompatibilitiesAsync(string subject, RegisteredSchema schema, CancellationToken cancellationToken)
    {
        var path = $"compatibility/subjects/{Uri.EscapeDataString(subject)}/versions/latest?verbose=true";
        var answer = await SendAsync(HttpMethod.Post, path, Body(schema), $"compare the schema of '{subject}'", cancellationToken, UnknownSubject, UnknownVersion);
        var verdict = answer?.Deserialize(RegistryJson.Default.CompatibilityAnswer);
        return verdict is null or { IsCompatible: true } ? [] : verdict.Messages is { Length: > 0 } messages ? messages : ["the registry gives no reason"];
    }

    /// <summary>Sets what versions of a subject must keep to.</summary>
    public async Task SetCompatibilityAsync(string subject, string level, CancellationToken cancellationToken)
    {
        try
        {
            await SetAsync();
        }
        catch (SchemaRegistryException e) when (e.IsConflict)
        {
            // Services start together: where another sets it for the first time at this moment, Apicurio answers with a conflict. Now that it is there, it can be set.
            await SetAsync();
        }

        Task SetAsync() =>
            SendAsync(HttpMethod.Put, $"config/{Uri.EscapeDataString(subject)}", JsonContent.Create(new LevelBody(level), RegistryJson.Default.LevelBody), $"set the compatibility of '{subject}'", cancellationToken);
    }

    /// <summary>The kinds of schema that the registry takes; needs no right to any subject.</summary>
    /// <exception cref="SchemaRegistryException">No answer.</exception>
    public async Task<IReadOnlyList<string>> TypesAsync(CancellationToken cancellationToken)
        => (await SendAsync(HttpMethod.Get, "schemas/types", null, "tell what it takes", cancellationToken))!.Value.Deserialize(RegistryJson.Default.StringArray) ?? [];

    /// <summary>The schema with this id; <see langword="null"/> when the registry does not know it.</summary>
    /// <exception cref="SchemaRegistryException">No answer.</exception>
    public async ValueTask<RegisteredSchema?> FindAsync(int id, CancellationToken cancellationToken)
    {
        if (_byId.TryGetValue(id, out var known))
        {
            return known;
        }

        var answer = await SendAsync(HttpMethod.Get, $"schemas/ids/{id}", null, $"tell schema {id}", cancellationToken, UnknownSchema);
        return answer?.Deserialize(RegistryJson.Default.SchemaAnswer) is { Schema: { } text } found
            ? _byId[id] = new RegisteredSchema(found.SchemaType ?? RegisteredSchema.Avro, text)
            : null;
    }

    private static JsonContent Body(RegisteredSchema schema)
        => JsonContent.Create(new SchemaBody(schema.Text, schema.Type == RegisteredSchema.Avro ? null : schema.Type), RegistryJson.Default.SchemaBody);

    /// <returns>The answer; null for one of the error codes that mean "there is none".</returns>
    private async Task<JsonElement?> SendAsync(HttpMethod method, string path, HttpContent? body, string what, CancellationToken cancellationToken, params int[] none)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return JsonSerializer.Deserialize(text, RegistryJson.Default.JsonElement);
            }

            var error = TryReadError(text);
            if (response.StatusCode == HttpStatusCode.NotFound && (none.Length > 0 && (error is null || none.Contains(error.Code) || error.Code == 404)))
            {
                return null;
            }

            throw new SchemaRegistryException(
                $"The schema registry at {http.BaseAddress} could not {what}: {error?.Message ?? $"status {(int)response.StatusCode}"}",
                isTransient: response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError,
                isConflict: response.StatusCode == HttpStatusCode.Conflict);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new SchemaRegistryException($"The schema registry at {http.BaseAddress} could not {what}: {e.Message}", isTransient: true, e);
        }
    }

    private static ErrorAnswer? TryReadError(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, RegistryJson.Default.ErrorAnswer);
        }
        catch (JsonException)
        {
            // A proxy's page, for example.
            return null;
        }
    }
}

/// <summary>A schema as a registry keeps it.</summary>
/// <param name="Type">AVRO, JSON or PROTOBUF.</param>
public sealed record RegisteredSchema(string Type, string Text)
{
    public const string Avro = "AVRO";

    public const string Json = "JSON";
}

internal sealed record SchemaBody(string Schema, string? SchemaType);

internal sealed record LevelBody(string Compatibility);

internal sealed record IdAnswer(int Id);

internal sealed record SchemaAnswer(string? Schema, string? SchemaType);

internal sealed record CompatibilityAnswer([property: JsonPropertyName("is_compatible")] bool IsCompatible, string[]? Messages);

internal sealed record ErrorAnswer([property: JsonPropertyName("error_code")] int Code, string? Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SchemaBody))]
[JsonSerializable(typeof(LevelBody))]
[JsonSerializable(typeof(IdAnswer))]
[JsonSerializable(typeof(SchemaAnswer))]
[JsonSerializable(typeof(CompatibilityAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class RegistryJson : JsonSerializerContext;
