namespace Pipeline.Contracts.Tests.Model;

public class ContractModelTests
{
    private static readonly ContractModel Contract = ContractModel.Embedded;

    [Fact]
    public void Embedded_Topics_AreThePipelines()
        => Assert.Equal([Topics.Users, Topics.Activity], Contract.Topics.Select(topic => topic.Name));

    [Fact]
    public void Embedded_UserFields_AreTheSeedsTenAndTheEnvelope()
    {
        string[] expected =
        [
            "event_id", "user_id", "event_type", "event_time", "run_id", "source", "schema_version",
            "first_name", "last_name", "email", "gender", "dob", "age", "phone", "nationality", "address", "picture",
        ];

        Assert.Equal(expected, Contract.Topic(Topics.Users).Fields.Select(field => field.Name));
    }

    [Fact]
    public void FieldEnum_IsTheContractsFieldsInOrder()
        => Assert.Equal(
            Enum.GetValues<Field>().Where(field => field != Field.None).Select(field => (field, field.WireName())),
            Contract.Fields.Select(field => (field.Id, field.Name)));

    [Fact]
    public void EventTypeEnum_IsTheContractsSet()
    {
        var names = Enum.GetValues<EventType>().Where(type => type != EventType.Unknown).Select(type => type.WireName()).ToList();

        Assert.Equal(names, Values(Field.EventType));
        Assert.Equal(names, Contract.Topics.SelectMany(topic => topic.EventTypes));
    }

    [Fact]
    public void GenderEnum_IsTheContractsSet()
        => Assert.Equal(Enum.GetValues<Gender>().Where(gender => gender != Gender.Unknown).Select(gender => gender.WireName()), Values(Field.Gender));

    [Fact]
    public void NationalityEnum_IsTheContractsSet()
        => Assert.Equal(Enum.GetValues<Nationality>().Where(n => n != Nationality.Unknown).Select(n => n.WireName()), Values(Field.Nationality));

    [Fact]
    public void ReasonCodes_AllOccurInTheRules()
        => Assert.Equal(
            Enum.GetValues<ReasonCode>().Where(reason => reason != ReasonCode.None).Order(),
            Contract.Rules.Select(rule => rule.Reason).Where(reason => reason != ReasonCode.None).Distinct().Order());

    [Fact]
    public void RuleFamilies_AllOccur()
        => Assert.Equal(Enum.GetValues<RuleFamily>(), Contract.Rules.Select(rule => rule.Family).Distinct().Order());

    [Fact]
    public void RuleChecks_AllOccurOnce()
        => Assert.Equal(Enum.GetValues<RuleCheck>().Where(check => check != RuleCheck.None), Contract.Rules.Select(rule => rule.Check).Where(check => check != RuleCheck.None).Order());

    [Fact]
    public void Decoder_Limits_AreTheContracts()
        => Assert.All(Contract.Topics, topic => Assert.Equal(
            (EventDecoder.MaxValueBytes, EventDecoder.MaxDepth, EventDecoder.SchemaVersion),
            (topic.MaxValueBytes, topic.MaxDepth, topic.SchemaVersion)));

    [Fact]
    public void Decoder_FieldSets_AreTheContracts()
    {
        AssertSet(Contract.Envelope, FieldSets.Envelope);
        AssertSet(Contract.Topic(Topics.Users).Fields, FieldSets.User);
        AssertSet(Contract.Topic(Topics.Activity).Fields, FieldSets.Activity);
        AssertSet(Contract.Fields.Where(field => field.IsNullable), FieldSets.Nullable);
        AssertSet(Contract.Fields.Where(field => field.IsRequired), FieldSets.Required);
        AssertSet(Contract.Fields.Where(field => field.Type == FieldType.Integer), FieldSets.Integer);
        AssertSet(
            Contract.Fields.Where(field => field.Type == FieldType.String && field.Format is not (FieldFormat.Text or FieldFormat.Uri)),
            FieldSets.Formatted);
    }

    [Fact]
    public void Decoder_EveryFieldName_IsFound()
    {
        Assert.All(Contract.Fields, field => Assert.Equal(field.Id, FieldNames.Find(System.Text.Encoding.UTF8.GetBytes(field.Name))));
        Assert.All(Contract.Fields, field => Assert.Equal(Field.None, FieldNames.Find(System.Text.Encoding.UTF8.GetBytes(field.Name.ToUpperInvariant()))));
    }

    [Fact]
    public void PiiFields_AreThePersonalOnes()
    {
        string[] expected =
            ["user_id", "first_name", "last_name", "email", "gender", "dob", "age", "phone", "nationality", "address", "picture", "session_hint"];

        Assert.Equal(expected, Contract.PiiFields.Select(field => field.Name));
    }

    [Fact]
    public void Forbidden_Secrets_AreNeverAField()
    {
        Assert.Equal(["password", "salt", "md5", "sha1", "sha256", "id.value"], Contract.Forbidden.Select(field => field.Name));
        Assert.Empty(Contract.Forbidden.Select(field => field.Name).Intersect(Contract.Fields.Select(field => field.Name)));
    }

    [Theory]
    [InlineData("type: integer", "type: number", "'type' is 'number', which is not one of string, integer")]
    [InlineData("- name: picture", "- name: pictures", "'name' is 'pictures', which is not a field that the decoder knows")]
    [InlineData("max_depth: 16", "max_depth: deep", "'max_depth' is 'deep', which is not a positive whole number")]
    [InlineData("max_depth: 16", "max_dept: 16", "has an unknown key 'max_dept'")]
    [InlineData("owner: ingest\n", "\n", "lacks 'owner'")]
    [InlineData("reason: stale", "reason: old", "'reason' is 'old', which is not a reason code")]
    [InlineData("tolerance: 0.05", "tolerance: 5", "'tolerance' is '5', which is not a share from 0 to 1")]
    [InlineData("- id: schema.utf8", "- id: schema.type", "rule 'schema.type' occurs more than once")]
    [InlineData("- name: last_name", "- name: first_name", "field of users_topic 'first_name' occurs more than once")]
    [InlineData("check: http-url", "check: email-shape", "check 'email-shape' occurs more than once")]
    [InlineData("fields: [email]", "fields: [mail]", "'mail' is not a field")]
    [InlineData("fields: [email]", "fields: [phone]", "'schema.email_shape' checks email, and its 'fields' should say so")]
    [InlineData("reason: too_deep", "reason: too_large", "no rule of scope value has the reason 'too_deep', which the decoder can give")]
    [InlineData("event_types: [profile]", "event_types: [signup]", "'signup' is not an event type")]
    [InlineData("    within: 1\n", "", "'consistency.age_matches_dob' lacks 'within'")]
    [InlineData("freshness_objective: \"00:15:00\"", "freshness_objective: soon", "'freshness_objective' is 'soon', which is not a time span")]
    [InlineData("min: 0\n        max: 120", "min: 121\n        max: 120", "'max' of 'age' is below its 'min'")]
    public void Load_WrongFile_SaysLineAndWhat(string good, string bad, string error)
    {
        var exception = Assert.Throws<ContractException>(() => ContractFile.Changed(good, bad));

        Assert.Contains(exception.Errors, e => e.Contains(error, StringComparison.Ordinal));
        Assert.All(exception.Errors, e => Assert.Matches("^line [1-9][0-9]*: ", e));
    }

    [Fact]
    public void Load_SeveralErrors_ReportsAllWithTheirLines()
    {
        var yaml = ContractFile.Text.Replace("owner: ingest", "owner: [a]", StringComparison.Ordinal).Replace("reason: stale", "reason: old", StringComparison.Ordinal);
        var lines = ContractFile.Text.Split('\n');

        var exception = Assert.Throws<ContractException>(() => ContractFile.Load(yaml));

        Assert.Equal(
            [$"line {Array.FindIndex(lines, l => l.Contains("owner: ingest", StringComparison.Ordinal)) + 1}", $"line {Array.FindIndex(lines, l => l.Contains("reason: stale", StringComparison.Ordinal)) + 1}"],
            exception.Errors.Select(error => error.Split(':')[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a: [")]
    [InlineData("just text")]
    [InlineData("a: 1\n---\nb: 2")]
    [InlineData("? [a]\n: b")]
    public void Load_NotAContract_IsOneException(string yaml) => Assert.Throws<ContractException>(() => ContractFile.Load(yaml));

    private static string[] Values(Field id) => [.. Contract.Fields.Single(field => field.Id == id).Values];

    private static void AssertSet(IEnumerable<ContractField> expected, ulong set)
        => Assert.Equal(expected.Select(field => field.Id), Contract.Fields.Select(field => field.Id).Where(field => FieldSets.Contains(set, field)));
}
