using Pipeline.Contracts;
using Pipeline.EventLog.Schemas;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests;

/// <summary>The client against a real registry.</summary>
public sealed class SchemaRegistryServerTests
{
    private const string Before = """{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}""";
    private const string After = """{"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"int"}]}""";
    private readonly string _subject = $"t{Guid.NewGuid():N}-value";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Register_ContractsSchemas_AreTakenAndFoundById()
    {
        using var http = Http();
        foreach (var topic in ContractModel.Embedded.Topics)
        {
            var registry = new SchemaRegistryClient(http);
            var avro = await registry.RegisterAsync($"{_subject}-{topic.Name}", new RegisteredSchema(RegisteredSchema.Avro, AvroSchema.Of(topic)), Stop);
            var json = await registry.RegisterAsync($"{_subject}-{topic.Name}-json", new RegisteredSchema(RegisteredSchema.Json, JsonSchema.Of(topic)), Stop);

            // A client that has not registered them itself.
            var other = new SchemaRegistryClient(http);
            Assert.Equal(RegisteredSchema.Avro, (await other.FindAsync(avro, Stop))!.Type);
            Assert.Equal(RegisteredSchema.Json, (await other.FindAsync(json, Stop))!.Type);
            Assert.Equal(avro, await registry.RegisterAsync($"{_subject}-{topic.Name}", new RegisteredSchema(RegisteredSchema.Avro, AvroSchema.Of(topic)), Stop));
        }
    }

    [Fact]
    public async Task Types_OfARealRegistry_HaveTheContracts()
    {
        using var http = Http();

        Assert.Superset(new HashSet<string> { RegisteredSchema.Avro, RegisteredSchema.Json }, (await new SchemaRegistryClient(http).TypesAsync(Stop)).ToHashSet());
    }

    // As every service after the first does, and every start after it.
    [Fact]
    public async Task FindId_ContractsSchemas_AreFoundOnceTheyAreRegistered()
    {
        using var http = Http();
        foreach (var topic in ContractModel.Embedded.Topics)
        {
            foreach (var schema in new[] { new RegisteredSchema(RegisteredSchema.Avro, AvroSchema.Of(topic)), new RegisteredSchema(RegisteredSchema.Json, JsonSchema.Of(topic)) })
            {
                var (registry, subject) = (new SchemaRegistryClient(http), $"{_subject}-{topic.Name}-{schema.Type}");
                Assert.Null(await registry.FindIdAsync(subject, schema, Stop));
                var id = await registry.RegisterAsync(subject, schema, Stop);

                Assert.Equal(id, await new SchemaRegistryClient(http).FindIdAsync(subject, schema, Stop));
            }
        }
    }

    [Fact]
    public async Task Find_UnknownId_IsNothing()
    {
        using var http = Http();

        Assert.Null(await new SchemaRegistryClient(http).FindAsync(987_654_321, Stop));
    }

    [Fact]
    public async Task FindIncompatibilities_FieldWithoutDefaultIsAdded_SaysWhy()
    {
        using var http = Http();
        var registry = new SchemaRegistryClient(http);
        Assert.Empty(await registry.FindIncompatibilitiesAsync(_subject, new RegisteredSchema(RegisteredSchema.Avro, Before), Stop));
        await registry.RegisterAsync(_subject, new RegisteredSchema(RegisteredSchema.Avro, Before), Stop);
        await registry.SetCompatibilityAsync(_subject, "BACKWARD", Stop);

        Assert.Empty(await registry.FindIncompatibilitiesAsync(_subject, new RegisteredSchema(RegisteredSchema.Avro, Before), Stop));
        Assert.NotEmpty(await registry.FindIncompatibilitiesAsync(_subject, new RegisteredSchema(RegisteredSchema.Avro, After), Stop));
    }

    private static HttpClient Http() => new() { BaseAddress = new Uri(RequiresServer.ConnectionString("schema-registry").TrimEnd('/') + "/") };
}
