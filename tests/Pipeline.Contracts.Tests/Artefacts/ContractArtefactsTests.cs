using Avro.Generic;
using Avro.IO;

namespace Pipeline.Contracts.Tests.Artefacts;

/// <summary>
/// The files under docs/ that are made from the contract. To write them anew after a change of the contract, run these
/// tests once with PIPELINE_UPDATE_CONTRACT=1 and commit what they wrote.
/// </summary>
public class ContractArtefactsTests
{
    private const string UpdateSwitch = "PIPELINE_UPDATE_CONTRACT";

    public static TheoryData<string> Paths => [.. ContractArtefacts.Of(ContractModel.Embedded).Select(artefact => artefact.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Committed_File_IsWhatTheContractYields(string path)
    {
        var artefact = ContractArtefacts.Of(ContractModel.Embedded).Single(artefact => artefact.Path == path);
        var file = Path.Combine(Repository(), "docs", path);
        if (Environment.GetEnvironmentVariable(UpdateSwitch) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, artefact.Content);
        }

        Assert.True(File.Exists(file), $"docs/{path} is missing: run the tests once with {UpdateSwitch}=1");
        Assert.True(
            artefact.Content == File.ReadAllText(file),
            $"docs/{path} is not what the contract yields: run the tests once with {UpdateSwitch}=1 and look at the difference");
    }

    [Fact]
    public void Committed_Folder_HoldsNothingElse()
        => Assert.Equal(
            ContractArtefacts.Of(ContractModel.Embedded).Select(artefact => Path.GetFileName(artefact.Path)).Where(name => name != "contract.md").Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.Combine(Repository(), "docs", "contract")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void ChangedContract_YieldsOtherFiles()
    {
        var changed = ContractArtefacts.Of(ContractFile.Changed("max: 120", "max: 99"));

        Assert.Contains(changed, artefact => artefact.Path == "contract/users.schema.json" && artefact.Content.Contains("\"maximum\": 99", StringComparison.Ordinal));
    }

    [Fact]
    public void AvroSchema_OfUsers_RoundTripsARecord()
    {
        var schema = (Avro.RecordSchema)Avro.Schema.Parse(Artefact("contract/users.avsc"));
        var record = new GenericRecord(schema);
        record.Add("event_id", SampleEvents.User.EventId);
        record.Add("user_id", SampleEvents.User.UserId);
        record.Add("event_type", new GenericEnum((Avro.EnumSchema)schema["event_type"].Schema, "profile"));
        record.Add("event_time", DateTime.UnixEpoch.AddMilliseconds(SampleEvents.User.EventTime));
        record.Add("run_id", null);
        record.Add("source", "randomuser.me");
        record.Add("schema_version", 1);
        record.Add("first_name", "محمد");
        record.Add("last_name", "Doe");
        record.Add("email", "john@example.com");
        record.Add("gender", new GenericEnum((Avro.EnumSchema)schema["gender"].Schema, "male"));
        record.Add("dob", DateTime.UnixEpoch);
        record.Add("age", 36);
        record.Add("phone", null);
        record.Add("nationality", "IR");
        record.Add("address", null);
        record.Add("picture", null);

        var read = RoundTrip(schema, record);

        Assert.Equal(record, read);
        Assert.Equal(ContractModel.Embedded.Topic(Topics.Users).Fields.Select(field => field.Name), schema.Fields.Select(field => field.Name));
    }

    [Fact]
    public void AvroSchema_OfActivity_RoundTripsARecord()
    {
        var schema = (Avro.RecordSchema)Avro.Schema.Parse(Artefact("contract/activity.avsc"));
        var record = new GenericRecord(schema);
        record.Add("event_id", SampleEvents.Activity.EventId);
        record.Add("user_id", SampleEvents.Activity.UserId);
        record.Add("event_type", new GenericEnum((Avro.EnumSchema)schema["event_type"].Schema, "logout"));
        record.Add("event_time", DateTime.UnixEpoch.AddMilliseconds(SampleEvents.Activity.EventTime));
        record.Add("run_id", null);
        record.Add("source", "generator");
        record.Add("schema_version", 1);
        record.Add("session_hint", null);
        record.Add("page", "/orders");
        record.Add("device", "mobile");
        record.Add("detail", null);

        Assert.Equal(record, RoundTrip(schema, record));
    }

    private static GenericRecord RoundTrip(Avro.Schema schema, GenericRecord record)
    {
        using var stream = new MemoryStream();
        new GenericDatumWriter<GenericRecord>(schema).Write(record, new BinaryEncoder(stream));
        stream.Position = 0;
        return new GenericDatumReader<GenericRecord>(schema, schema).Read(null!, new BinaryDecoder(stream));
    }

    private static string Artefact(string path) => ContractArtefacts.Of(ContractModel.Embedded).Single(artefact => artefact.Path == path).Content;

    private static string Repository()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run inside a checkout: no Pipeline.sln above them.");
    }
}
