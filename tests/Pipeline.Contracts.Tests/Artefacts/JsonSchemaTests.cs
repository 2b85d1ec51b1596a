using System.Text;
using NJsonSchema;

namespace Pipeline.Contracts.Tests.Artefacts;

/// <summary>What the published schema accepts and what decoder and rules accept must be the same.</summary>
public class JsonSchemaTests
{
    private static readonly QualityRules Rules = new(ContractModel.Embedded);

    [Fact]
    public async Task Schema_GoodEvents_Validates()
    {
        var users = await SchemaOf("users");
        var activity = await SchemaOf("activity");

        Assert.Empty(users.Validate(Encoding.UTF8.GetString(SampleEvents.UserBytes)));
        Assert.Empty(users.Validate(Encoding.UTF8.GetString(UserEventJson.ToBytes(SampleEvents.NonLatin))));
        Assert.Empty(activity.Validate(Encoding.UTF8.GetString(SampleEvents.ActivityBytes)));
        Assert.NotEmpty(activity.Validate(Encoding.UTF8.GetString(SampleEvents.UserBytes)));
        Assert.NotEmpty(users.Validate("{}"));
    }

    [Theory]
    [InlineData("\"age\":36", "\"age\":121")]
    [InlineData("\"age\":36", "\"age\":-1")]
    [InlineData("\"age\":36", "\"age\":null")]
    [InlineData("\"age\":36", "\"age\":\"36\"")]
    [InlineData("\"age\":36", "\"age\":36.5")]
    [InlineData("\"age\":36,", "")]
    [InlineData("\"schema_version\":1", "\"schema_version\":2")]
    [InlineData("\"schema_version\":1", "\"schema_version\":0")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":null")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"\"")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"john\"")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"jo hn@example.com\"")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"john@example.\"")]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"a.b+c@mail.example.co\"")]
    [InlineData("\"email\":", "\"mail\":")]
    [InlineData("\"gender\":\"male\"", "\"gender\":\"Male\"")]
    [InlineData("\"gender\":\"male\"", "\"gender\":\"other\"")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"us\"")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"ZZ\"")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"\"")]
    [InlineData("c7a41086-06e3", "c7a41086-06eg")]
    [InlineData("c7a41086-06e3", "C7A41086-06E3")]
    [InlineData("2026-02-02T10:30:00.123Z", "2026-02-02T10:30:00.123")]
    [InlineData("2026-02-02T10:30:00.123Z", "2026-02-02T10:30:00+05:30")]
    [InlineData("\"dob\":\"1990-01-15T10:30:00.000Z\"", "\"dob\":\"1990-01-15\"")]
    [InlineData("\"dob\":\"1990-01-15T10:30:00.000Z\"", "\"dob\":\"\"")]
    [InlineData("\"dob\":\"1990-01-15T10:30:00.000Z\"", "\"dob\":null")]
    [InlineData("\"first_name\":\"John\"", "\"first_name\":\"\"")]
    [InlineData("\"first_name\":\"John\"", "\"first_name\":\"Jo\\u0000hn\"")]
    [InlineData("\"first_name\":\"John\"", "\"first_name\":[\"John\"]")]
    [InlineData("\"phone\":\"+1-555-0100\"", "\"phone\":\"\"")]
    [InlineData("\"phone\":\"+1-555-0100\"", "\"phone\":5550100")]
    [InlineData("\"picture\":\"https", "\"more\":{},\"picture\":\"https")]
    public async Task Schema_VariedUser_AgreesWithDecoderAndRules(string standard, string variation)
    {
        var schema = await SchemaOf("users");
        var value = SampleEvents.With(standard, variation);

        var isAccepted = SampleEvents.Decode(value, out var e).IsSuccess && !Rules.Evaluate(in e, value, SampleEvents.User.EventTime).IsRejected;

        Assert.Equal(isAccepted, schema.Validate(Encoding.UTF8.GetString(value)).Count == 0);
    }

    private static async Task<NJsonSchema.JsonSchema> SchemaOf(string file)
    {
        var artefact = ContractArtefacts.Of(ContractModel.Embedded).Single(artefact => artefact.Path == $"contract/{file}.schema.json");
        return await NJsonSchema.JsonSchema.FromJsonAsync(artefact.Content, TestContext.Current.CancellationToken);
    }
}
