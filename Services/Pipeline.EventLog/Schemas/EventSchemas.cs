using System.Buffers;
using System.Collections.Concurrent;
using Avro;
using Pipeline.Contracts;

namespace Pipeline.EventLog.Schemas;

/// <summary>
/// The contract's schemas and what the registry calls them; translates values from and to JSON, which is what everything behind the log
/// works on. Safe for concurrent use.
/// </summary>
public sealed class EventSchemas(SchemaRegistryClient registry, SchemaRegistryOptions options, TimeProvider time)
{
    // An id that nobody knows may be registered a little later.
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Topic, int Id), Reader> _readers = [];
    private readonly ConcurrentDictionary<(string Topic, int Id), long> _unknown = [];
    private readonly ConcurrentDictionary<(string Topic, ValueFormat Format), int> _ids = [];
    private readonly Dictionary<string, AvroEventWriter> _writers = ContractModel.Embedded.Topics.ToDictionary(t => t.Name, t => new AvroEventWriter(t), StringComparer.Ordinal);

    public ValueFormat Format => options.Format;

    public static bool HasSchema(string topic) => Topics.All.Contains(topic);

    /// <summary>The registry's name for the values of a topic. Avro and JSON have one each, because versions of a subject are compared with each other.</summary>
    public static string SubjectOf(string topic, ValueFormat format) => format == ValueFormat.Avro ? $"{topic}-value" : $"{topic}-json-value";

    /// <summary>Registers what the contract says of every topic.</summary>
    /// <exception cref="SchemaRegistryException">No answer; or the contract changed in a way that readers of the earlier version cannot take.</exception>
    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in ContractModel.Embedded.Topics)
        {
            await RegisterAsync(topic.Name, ValueFormat.Avro, new RegisteredSchema(RegisteredSchema.Avro, AvroSchema.Of(topic)), cancellationToken);
            await RegisterAsync(topic.Name, ValueFormat.JsonSchema, new RegisteredSchema(RegisteredSchema.Json, JsonSchema.Of(topic)), cancellationToken);
        }
    }

    /// <summary>Whether every framed value's schema is known, or known to be unknown; else the registry has to be asked.</summary>
    public bool CanRead(string topic, int schemaId) => _readers.ContainsKey((topic, schemaId)) || IsUnknown(topic, schemaId);

    /// <summary>Asks the registry for a schema.</summary>
    /// <exception cref="SchemaRegistryException">No answer.</exception>
    public async ValueTask LoadAsync(string topic, int schemaId, CancellationToken cancellationToken)
    {
        var schema = await registry.FindAsync(schemaId, cancellationToken);
        if (schema is not null && TryMakeReader(topic, schema) is { } reader)
        {
            _readers[(topic, schemaId)] = reader;
        }
        else
        {
            _unknown[(topic, schemaId)] = time.GetTimestamp();
        }
    }

    /// <summary>Appends a framed value as JSON.</summary>
    /// <returns>False when its schema cannot be used, or the value is not one of it.</returns>
    internal bool TryRead(string topic, ReadOnlySpan<byte> framed, IBufferWriter<byte> json)
        => _readers.TryGetValue((topic, WireFormat.SchemaId(framed)), out var reader) && reader(WireFormat.Payload(framed), json);

    /// <summary>Appends a JSON value in the format that is set.</summary>
    /// <returns>False when it is not an event of the contract: it is written as it is, and the reader says what is wrong with it.</returns>
    internal bool TryWrite(string topic, ReadOnlyMemory<byte> json, MemoryStream target)
    {
        Span<byte> header = stackalloc byte[WireFormat.HeaderLength];
        WireFormat.WriteHeader(header, _ids[(topic, options.Format)]);
        target.Write(header);
        if (options.Format == ValueFormat.Avro)
        {
            return _writers[topic].TryWrite(json, target);
        }

        target.Write(json.Span);
        return !json.IsEmpty;
    }

    private static Reader? TryMakeReader(string topic, RegisteredSchema schema)
    {
        if (schema.Type == RegisteredSchema.Json)
        {
            return static (payload, json) =>
            {
                json.Write(payload);
                return true;
            };
        }

        try
        {
            return schema.Type == RegisteredSchema.Avro ? new AvroEventReader(ContractModel.Embedded.Topic(topic), schema.Text).TryRead : null;
        }
        catch (AvroException)
        {
            // Somebody else's record.
            return null;
        }
    }

    private bool IsUnknown(string topic, int schemaId) => _unknown.TryGetValue((topic, schemaId), out var since) && time.GetElapsedTime(since) < UnknownFor;

    private async Task RegisterAsync(string topic, ValueFormat format, RegisteredSchema schema, CancellationToken cancellationToken)
    {
        var subject = SubjectOf(topic, format);
        // What is registered already is not compared again: Apicurio cannot compare JSON schemas of the draft that the contract's are of, not even with themselves.
        var id = await registry.FindIdAsync(subject, schema, cancellationToken) ?? await RegisterNextAsync(topic, subject, schema, cancellationToken);
        await registry.SetCompatibilityAsync(subject, options.Compatibility, cancellationToken);
        _ids[(topic, format)] = id;
        if (TryMakeReader(topic, schema) is { } reader)
        {
            _readers[(topic, id)] = reader;
        }
    }

    private async Task<int> RegisterNextAsync(string topic, string subject, RegisteredSchema schema, CancellationToken cancellationToken)
    {
        try
        {
            var reasons = await registry.FindIncompatibilitiesAsync(subject, schema, cancellationToken);
            return reasons.Count == 0
                ? await registry.RegisterAsync(subject, schema, cancellationToken)
                : throw new SchemaRegistryException($"The contract's schema of '{topic}' cannot follow the one that is registered as '{subject}': {string.Join("; ", reasons)}", isTransient: false);
        }
        catch (SchemaRegistryException)
        {
            // Services start together: another may have registered the same schema since it was looked up, which Apicurio answers with a conflict.
            if (await registry.FindIdAsync(subject, schema, cancellationToken) is { } id)
            {
                return id;
            }

            throw;
        }
    }

    private delegate bool Reader(ReadOnlySpan<byte> payload, IBufferWriter<byte> json);
}
