using System.Buffers.Binary;
using System.Text;
using Avro.IO;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.EventLog.Schemas;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests;

public sealed class SchemaRecordLogTests : IAsyncLifetime
{
    private const long T0 = 1_770_000_000_000;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly RegistryStub _registry = new();
    private readonly InMemoryRecordLog _inner;

    public SchemaRecordLogTests() => _inner = new InMemoryRecordLog(_time);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static UserEvent User { get; } = new()
    {
        EventId = new Guid(1, 2, 3, new byte[8]),
        UserId = new Guid(4, 5, 6, new byte[8]),
        EventTime = T0,
        RunId = null,
        Source = "test",
        FirstName = "Zoë",
        LastName = "محمد",
        Email = "z@example.com",
        Gender = Gender.Female,
        DateOfBirth = 500_000_000_000,
        Age = 40,
        Phone = null,
        Nationality = "XK",
        Address = "1 \"Quoted\" Street",
        Picture = "https://example.com/p.jpg",
    };

    public ValueTask InitializeAsync() => _inner.CreateTopicsAsync(
        [new TopicSpec(Topics.Users, 1, null), new TopicSpec(Topics.Activity, 1, null), new TopicSpec(Topics.DeadLettersOf(Topics.Users), 1, null)], Stop);

    public ValueTask DisposeAsync()
    {
        _registry.Dispose();
        return _inner.DisposeAsync();
    }

    [Theory]
    [InlineData(ValueFormat.Json)]
    [InlineData(ValueFormat.JsonSchema)]
    [InlineData(ValueFormat.Avro)]
    public async Task Append_EveryFormat_ReadsBackTheSameJson(ValueFormat format)
    {
        var log = await OpenAsync(format);
        var json = UserEventJson.ToBytes(User);
        await AppendAsync(log, Topics.Users, json);

        using var stored = await _inner.FetchAsync(At(Topics.Users, 0), 10, Stop);
        using var read = await log.FetchAsync(At(Topics.Users, 0), 10, Stop);

        Assert.Equal(format != ValueFormat.Json, stored.Value(0)[0] == 0);
        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(read.Value(0)));
        Assert.Equal(stored.Value(0).ToArray(), read.Source.Value(0).ToArray());
        Assert.Equal("user"u8.ToArray(), read.Key(0).ToArray());
        Assert.Equal("1"u8.ToArray(), HeaderReader.Last(read.Headers(0), "run"u8).ToArray());
    }

    [Fact]
    public async Task Append_ActivityAsAvro_ReadsBackTheSameJson()
    {
        var log = await OpenAsync(ValueFormat.Avro);
        var json = ActivityEventJson.ToBytes(new ActivityEvent { EventId = User.EventId, UserId = User.UserId, EventTime = T0, EventType = EventType.Logout, Source = "s", Device = "phone" });
        await AppendAsync(log, Topics.Activity, json);

        using var read = await log.FetchAsync(At(Topics.Activity, 0), 10, Stop);

        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(read.Value(0)));
    }

    [Fact]
    public async Task Append_NoEventOfTheContract_IsWrittenAsItIs()
    {
        var log = await OpenAsync(ValueFormat.Avro);
        await AppendAsync(log, Topics.Users, "{\"poison\":true}"u8.ToArray());
        await AppendAsync(log, Topics.DeadLettersOf(Topics.Users), UserEventJson.ToBytes(User));

        using var users = await _inner.FetchAsync(At(Topics.Users, 0), 10, Stop);
        using var letters = await _inner.FetchAsync(At(Topics.DeadLettersOf(Topics.Users), 0), 10, Stop);

        Assert.Equal(["{\"poison\":true}"], users.Values());
        Assert.Equal((byte)'{', letters.Value(0)[0]);
    }

    [Fact]
    public async Task Read_FormatsMixedInOneTopic_AllComeAsJsonInTheirOrder()
    {
        foreach (var format in new[] { ValueFormat.Avro, ValueFormat.Json, ValueFormat.JsonSchema, ValueFormat.Avro })
        {
            await AppendAsync(await OpenAsync(format), Topics.Users, UserEventJson.ToBytes(User));
        }

        var log = await OpenAsync(ValueFormat.Json);
        using var batch = await log.FetchAsync(At(Topics.Users, 0), 10, Stop);

        Assert.Equal(Enumerable.Repeat(Encoding.UTF8.GetString(UserEventJson.ToBytes(User)), 4), batch.Values());
        Assert.Equal([0L, 1, 2, 3], Enumerable.Range(0, 4).Select(batch.Offset));
    }

    [Fact]
    public async Task Read_WriterHasAnotherVersionOfTheSchema_FieldsAreMatchedByName()
    {
        // A field more, a nullable one less, in another order.
        var mine = AvroSchema.Of(ContractModel.Embedded.Topic(Topics.Activity));
        var theirs = mine.Replace("\"name\": \"detail\"", "\"name\": \"extra\"", StringComparison.Ordinal);
        Assert.NotEqual(mine, theirs);
        var id = _registry.Add("AVRO", theirs);
        using var value = Framed(id);
        var avro = new BinaryEncoder(value);
        avro.WriteString(User.EventId.ToString());
        avro.WriteString(User.UserId.ToString());
        avro.WriteEnum(1);
        avro.WriteLong(T0);
        avro.WriteUnionIndex(0);
        avro.WriteString("foreign");
        avro.WriteInt(1);
        for (var i = 0; i < 3; i++)
        {
            avro.WriteUnionIndex(0);
        }

        avro.WriteUnionIndex(1);
        avro.WriteString("more");
        await AppendRawAsync(value.ToArray());
        var log = await OpenAsync(ValueFormat.Json);

        using var batch = await log.FetchAsync(At(Topics.Activity, 0), 10, Stop);

        var read = ActivityEventJson.Read(batch.Value(0), out var result);
        Assert.True(result.IsSuccess, result.Describe());
        Assert.Equal(EventType.View, read!.EventType);
        Assert.Equal("foreign", read.Source);
    }

    [Theory]
    [InlineData(999, new byte[] { 1, 2, 3 })]
    [InlineData(1, new byte[] { 0xff, 0xff, 0xff, 0xff, 0x0f })]
    [InlineData(1, new byte[0])]
    public async Task Read_SchemaIsUnknownOrDoesNotFit_ValueStaysAndIsRejectedForThat(int schemaId, byte[] payload)
    {
        var log = await OpenAsync(ValueFormat.Avro);
        using var value = Framed(schemaId);
        value.Write(payload);
        await AppendRawAsync(value.ToArray(), Topics.Users);

        using var batch = await log.FetchAsync(At(Topics.Users, 0), 10, Stop);

        Assert.Equal(value.ToArray(), batch.Value(0).ToArray());
        var decoded = default(DecodedEvent);
        var result = EventDecoder.Decode(batch.Value(0), ref decoded);
        Assert.Equal(ReasonCode.UnknownSchema, result.Reason);
        Assert.Contains("schema registry", result.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_RegistryIsDownAndSchemaNew_OnlyThatPartitionWaitsAndGoesOnLater()
    {
        var foreign = _registry.Add("JSON", "{}");
        using (var value = Framed(foreign))
        {
            value.Write(UserEventJson.ToBytes(User));
            await AppendRawAsync(value.ToArray(), Topics.Users);
        }

        var log = await OpenAsync(ValueFormat.Json);
        _registry.IsDown = true;
        await AppendRawAsync("{}"u8.ToArray(), Topics.Activity);
        await using var reader = log.CreateReader("g");
        await reader.SubscribeAsync(Topics.All, new RecordingListener(), Stop);

        var first = await ReadNextAsync(reader);
        Assert.Equal(Topics.Activity, first.TopicPartition.Topic);
        Assert.Null(await reader.ReadAsync(TimeSpan.Zero, Stop));

        _registry.IsDown = false;
        _time.Advance(TimeSpan.FromSeconds(2));
        using var second = await ReadNextAsync(reader);
        Assert.Equal(Topics.Users, second.TopicPartition.Topic);
        Assert.Equal(Encoding.UTF8.GetString(UserEventJson.ToBytes(User)), second.Values()[0]);
        first.Dispose();
    }

    [Fact]
    public async Task Read_RegistryIsDownAndSchemaKnown_GoesOn()
    {
        var log = await OpenAsync(ValueFormat.Avro);
        _registry.IsDown = true;
        await AppendAsync(log, Topics.Users, UserEventJson.ToBytes(User));

        using var batch = await log.FetchAsync(At(Topics.Users, 0), 10, Stop);

        Assert.Equal((byte)'{', batch.Value(0)[0]);
    }

    [Fact]
    public async Task Seek_WhileThePartitionWaits_ReadsFromThere()
    {
        using var value = Framed(_registry.Add("JSON", "{}"));
        value.Write(UserEventJson.ToBytes(User));
        var log = await OpenAsync(ValueFormat.Json);
        await AppendRawAsync(value.ToArray(), Topics.Users);
        await AppendRawAsync("{}"u8.ToArray(), Topics.Users);
        _registry.IsDown = true;
        await using var reader = log.CreateReader("g");
        await reader.SubscribeAsync([Topics.Users], new RecordingListener(), Stop);
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(await reader.ReadAsync(TimeSpan.Zero, Stop));
        }

        reader.Seek(At(Topics.Users, 1));
        using var batch = await ReadNextAsync(reader);

        Assert.Equal(1, batch.Offset(0));
    }

    [Fact]
    public async Task Register_ContractChangedIncompatibly_SaysTheRegistrysWords()
    {
        _registry.Incompatibility = "READER_FIELD_MISSING_DEFAULT_VALUE: email";

        var refused = await Assert.ThrowsAsync<SchemaRegistryException>(() => OpenAsync(ValueFormat.Avro));

        Assert.False(refused.IsTransient);
        Assert.Contains("READER_FIELD_MISSING_DEFAULT_VALUE: email", refused.Message, StringComparison.Ordinal);
    }

    // A registry that cannot compare says so with an error, and each start after the first would wait for it for ever.
    [Fact]
    public async Task Register_SchemaThatIsThere_IsNotComparedAgain()
    {
        await OpenAsync(ValueFormat.Json);
        _registry.Incompatibility = "it would be compared";
        var asked = _registry.Requests.Count;

        await OpenAsync(ValueFormat.Json);

        Assert.DoesNotContain(_registry.Requests.Skip(asked), request => request.Contains("compatibility", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Register_AnotherServiceWasFaster_TakesWhatIsThere()
    {
        _registry.AnotherIsFaster = true;
        var schemas = new EventSchemas(new SchemaRegistryClient(_registry.CreateClient()), new SchemaRegistryOptions(), _time);

        await schemas.RegisterAsync(Stop);

        Assert.Contains("users_topic-value", _registry.Subjects);
    }

    [Fact]
    public async Task SetCompatibility_RegistryRefusesIt_IsSaidAndNotAskedAgain()
    {
        _registry.RefusesLevels = true;

        var refused = await Assert.ThrowsAsync<SchemaRegistryException>(() => new SchemaRegistryClient(_registry.CreateClient()).SetCompatibilityAsync("users_topic-value", "BACKWARDS", Stop));

        Assert.Contains("Invalid compatibility level.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["PUT /config/users_topic-value"], _registry.Requests);
    }

    [Fact]
    public async Task Register_Start_WaitsForTheRegistryUntilItsTimeIsOver()
    {
        _registry.IsDown = true;
        var options = new SchemaRegistryOptions { StartTimeout = TimeSpan.FromSeconds(10) };
        var schemas = new EventSchemas(new SchemaRegistryClient(_registry.CreateClient()), options, _time);
        var start = new SchemaInitializer(schemas, options, _time, NullLogger<SchemaInitializer>.Instance).StartingAsync(Stop);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(start.IsCompleted);

        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return start.IsCompleted;
        });
        await Assert.ThrowsAsync<SchemaRegistryException>(() => start);

        _registry.IsDown = false;
        await new SchemaInitializer(schemas, options, _time, NullLogger<SchemaInitializer>.Instance).StartingAsync(Stop);
        Assert.Contains("users_topic-value", _registry.Subjects);
        Assert.Contains("user_activity-json-value", _registry.Subjects);
        Assert.Contains("PUT /config/users_topic-value", _registry.Requests);
    }

    // What is known goes on to work without it.
    [Fact]
    public async Task Health_RegistryGoesAndComes_IsDegradedMeanwhileAndSaysWhichOne()
    {
        var check = new SchemaRegistryHealthCheck(new SchemaRegistryClient(_registry.CreateClient()));
        var context = new HealthCheckContext { Registration = new("schema-registry", check, HealthStatus.Degraded, tags: null) };

        Assert.Equal((HealthStatus.Healthy, "It takes AVRO, JSON."), await CheckAsync());
        _registry.IsDown = true;
        Assert.Equal((HealthStatus.Degraded, "The schema registry at http://registry/ could not tell what it takes: Connection refused"), await CheckAsync());
        _registry.IsDown = false;
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);

        async Task<(HealthStatus Status, string? Words)> CheckAsync()
        {
            var result = await check.CheckHealthAsync(context, Stop);
            return (result.Status, result.Description);
        }
    }

    private static Position At(string topic, long offset) => new(new TopicPartition(topic, 0), offset);

    private static MemoryStream Framed(int schemaId)
    {
        var value = new MemoryStream();
        Span<byte> header = stackalloc byte[5];
        BinaryPrimitives.WriteInt32BigEndian(header[1..], schemaId);
        value.Write(header);
        return value;
    }

    private static async Task AppendAsync(SchemaRecordLog log, string topic, byte[] value)
    {
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        records.Add("user"u8, value, T0);
        records.AddHeader("run"u8, "1"u8);
        await writer.AppendAsync(topic, records, Stop);
    }

    private static async Task<RecordBatch> ReadNextAsync(IRecordReader reader)
    {
        RecordBatch? batch = null;
        await Eventually.TrueAsync(async () => (batch = await reader.ReadAsync(TimeSpan.FromMilliseconds(20), Stop)) is not null);
        return batch!;
    }

    private async Task AppendRawAsync(byte[] value, string topic = Topics.Activity)
    {
        await using var writer = _inner.CreateWriter();
        using var records = new RecordBatchBuilder();
        records.Add("user"u8, value, T0);
        await writer.AppendAsync(topic, records, Stop);
    }

    private async Task<SchemaRecordLog> OpenAsync(ValueFormat format)
    {
        var options = new SchemaRegistryOptions { Format = format };
        var schemas = new EventSchemas(new SchemaRegistryClient(_registry.CreateClient()), options, _time);
        await schemas.RegisterAsync(Stop);
        return new SchemaRecordLog(_inner, schemas, options, _time, NullLogger<SchemaRecordLog>.Instance);
    }
}
