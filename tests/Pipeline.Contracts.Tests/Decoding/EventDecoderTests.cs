using System.Text;

namespace Pipeline.Contracts.Tests.Decoding;

public class EventDecoderTests
{
    [Fact]
    public void Decode_WrittenUser_GivesItsValues()
    {
        var value = SampleEvents.UserBytes;

        var result = SampleEvents.Decode(value, out var e);

        Assert.True(result.IsSuccess, result.Describe());
        Assert.Equal(SampleEvents.User.EventId, e.EventId);
        Assert.Equal(SampleEvents.User.UserId, e.UserId);
        Assert.Equal(SampleEvents.User.EventTime, e.EventTime);
        Assert.Equal(EventType.Profile, e.EventType);
        Assert.Equal(Gender.Male, e.Gender);
        Assert.Equal(Nationality.US, e.Nationality);
        Assert.Equal(36, e.Age);
        Assert.Equal(632_399_400_000, e.DateOfBirth);
        Assert.Equal("example.com", e.EmailDomain.Text(value));
        Assert.Equal("123 Main St, New York, NY, USA", e.Address.Text(value));
    }

    [Fact]
    public void Decode_ValueOfMaximumSize_IsAccepted()
    {
        var value = Padded(EventDecoder.MaxValueBytes);

        Assert.Equal(ReasonCode.None, SampleEvents.Decode(value).Reason);
    }

    [Fact]
    public void Decode_OneByteMoreThanMaximum_IsTooLarge()
    {
        var value = Padded(EventDecoder.MaxValueBytes + 1);

        Assert.Equal(new DecodeResult(ReasonCode.TooLarge), SampleEvents.Decode(value));
    }

    [Theory]
    [InlineData("", ReasonCode.EmptyValue, -1, Field.None)]
    [InlineData("   ", ReasonCode.MalformedJson, 3, Field.None)]
    [InlineData("{", ReasonCode.MalformedJson, 1, Field.None)]
    [InlineData("\uFEFF{}", ReasonCode.MalformedJson, 0, Field.None)]
    [InlineData("{}\0", ReasonCode.MalformedJson, 2, Field.None)]
    [InlineData("\0\0\0\0\u0001{}", ReasonCode.UnknownSchema, 0, Field.None)]
    [InlineData("{} {}", ReasonCode.MalformedJson, 3, Field.None)]
    [InlineData("{\"a\":NaN}", ReasonCode.MalformedJson, 5, Field.None)]
    [InlineData("{\"a\":\"\\ud800\"}", ReasonCode.MalformedJson, 6, Field.None)]
    [InlineData("[1,2]", ReasonCode.NotAnObject, 0, Field.None)]
    [InlineData("\"text\"", ReasonCode.NotAnObject, 0, Field.None)]
    [InlineData("null", ReasonCode.NotAnObject, 0, Field.None)]
    [InlineData("{}", ReasonCode.MissingField, -1, Field.EventId)]
    public void Decode_BadValue_NamesReasonAndPlace(string value, ReasonCode reason, int offset, Field field)
        => Assert.Equal(new DecodeResult(reason, offset, field), SampleEvents.Decode(value));

    [Theory]
    [InlineData("\"age\":36", "\"age\":\"36\"", ReasonCode.WrongType, Field.Age)]
    [InlineData("\"age\":36", "\"age\":36.5", ReasonCode.WrongType, Field.Age)]
    [InlineData("\"age\":36", "\"age\":1e400", ReasonCode.WrongType, Field.Age)]
    [InlineData("\"age\":36", "\"age\":36000000000000000000000000000000", ReasonCode.OutOfRange, Field.Age)]
    [InlineData("\"age\":36", "\"age\":36,\"age\":36", ReasonCode.DuplicateField, Field.Age)]
    [InlineData("\"age\":36", "\"age\":36,\"\\u0061ge\":36", ReasonCode.DuplicateField, Field.Age)]
    [InlineData("\"schema_version\":1", "\"schema_version\":2", ReasonCode.UnknownSchema, Field.SchemaVersion)]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":null", ReasonCode.NullField, Field.Email)]
    [InlineData("\"email\":\"john@example.com\"", "\"email\":\"\"", ReasonCode.NullField, Field.Email)]
    [InlineData("\"email\":", "\"mail\":", ReasonCode.MissingField, Field.Email)]
    [InlineData("\"gender\":\"male\"", "\"gender\":\"Male\"", ReasonCode.BadFormat, Field.Gender)]
    [InlineData("\"event_type\":\"profile\"", "\"event_type\":\"signup\"", ReasonCode.BadFormat, Field.EventType)]
    [InlineData("c7a41086-06e3", "c7a41086-06eg", ReasonCode.BadFormat, Field.UserId)]
    [InlineData(".123Z", ".123", ReasonCode.BadFormat, Field.EventTime)]
    [InlineData("\"first_name\":\"John\"", "\"first_name\":\"Jo\\u0000hn\"", ReasonCode.BadFormat, Field.FirstName)]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"us\"", ReasonCode.BadFormat, Field.Nationality)]
    [InlineData("\"picture\":\"https", "\"picture\":[\"https\"],\"picture2\":\"https", ReasonCode.WrongType, Field.Picture)]
    public void Decode_WrongField_NamesReasonAndField(string good, string bad, ReasonCode reason, Field field)
    {
        var result = SampleEvents.Decode(SampleEvents.With(good, bad));

        Assert.Equal((reason, field), (result.Reason, result.Field));
    }

    [Theory]
    [InlineData("\"age\":36", "\"age\":null")]
    [InlineData("\"age\":36,", "")]
    [InlineData("\"age\":36", "\"nickname\":{\"a\":[1,2,{\"b\":\"\\ud83d\\ude00\"}]},\"age\":36")]
    [InlineData("\"gender\":\"male\"", "\"gender\":\"m\\u0061le\"")]
    [InlineData("\"nationality\":\"US\"", "\"nationality\":\"ZZ\"")]
    [InlineData("{", " {\t\r\n ")]
    public void Decode_AllowedVariation_IsAccepted(string standard, string variation)
        => Assert.Equal(ReasonCode.None, SampleEvents.Decode(SampleEvents.With(standard, variation)).Reason);

    [Fact]
    public void Decode_InvalidUtf8_GivesItsOffset()
    {
        var value = SampleEvents.UserBytes;
        value[300] = 0xC3;

        Assert.Equal(new DecodeResult(ReasonCode.InvalidUtf8, 300), SampleEvents.Decode(value));
    }

    [Fact]
    public void Decode_InvalidUtf8FarIn_GivesItsOffset()
    {
        var value = Padded(100_000);
        value[99_000] = 0xFF;

        Assert.Equal(new DecodeResult(ReasonCode.InvalidUtf8, 99_000), SampleEvents.Decode(value));
    }

    [Fact]
    public void Decode_AsDeepAsAllowed_IsAccepted()
    {
        var inner = EventDecoder.MaxDepth - 1;
        var nested = $"\"x\":{new string('[', inner)}{new string(']', inner)},\"age\":36";

        Assert.Equal(ReasonCode.None, SampleEvents.Decode(SampleEvents.With("\"age\":36", nested)).Reason);
    }

    [Fact]
    public void Decode_OneDeeper_IsTooDeep()
    {
        var nested = $"\"x\":{new string('[', 100_000)}";

        Assert.Equal(ReasonCode.TooDeep, SampleEvents.Decode(SampleEvents.With("\"age\":36", nested)).Reason);
    }

    [Fact]
    public void Decode_UnknownVersionAfterWrongField_IsUnknownSchema()
    {
        var value = SampleEvents.Replace(SampleEvents.With("\"source\":\"randomuser.me\"", "\"source\":7"), "\"schema_version\":1", "\"schema_version\":9");

        Assert.Equal(ReasonCode.UnknownSchema, SampleEvents.Decode(value).Reason);
    }

    [Fact]
    public void Decode_FieldsOfOtherTopic_AreSkipped()
    {
        var value = SampleEvents.Replace(SampleEvents.ActivityBytes, "\"page\":", "\"age\":\"old\",\"gender\":\"female\",\"email\":\"a@b.c\",\"page\":");

        var result = SampleEvents.Decode(value, out var e);

        Assert.True(result.IsSuccess, result.Describe());
        Assert.Equal((Gender.Unknown, -1, true), (e.Gender, e.Age, e.Email.IsEmpty));
        Assert.False(e.Has(Field.Gender));
    }

    [Theory]
    [InlineData("john@example.com", "example.com")]
    [InlineData("john\\u0040example.com", "example.com")]
    [InlineData("j\\u006fhn@ex\\u0061mple.com", "example.com")]
    [InlineData("no-at.example.com", "")]
    [InlineData("a@b@example.com", "")]
    [InlineData("a b@example.com", "")]
    [InlineData("@example.com", "")]
    [InlineData("john@example", "")]
    [InlineData("john@.com", "")]
    [InlineData("john@example.", "")]
    [InlineData("jo\\\\hn@example.com", "")]
    public void Decode_Email_FindsItsDomain(string email, string domain)
    {
        var value = SampleEvents.With("john@example.com", email);

        var result = SampleEvents.Decode(value, out var e);

        Assert.True(result.IsSuccess, result.Describe());
        Assert.Equal(domain, e.EmailDomain.Text(value));
    }

    [Fact]
    public void Decode_GoodValues_AllocateNothing()
    {
        byte[][] values = [SampleEvents.UserBytes, SampleEvents.ActivityBytes, UserEventJson.ToBytes(SampleEvents.NonLatin)];

        Assert.Equal(0, AllocatedByDecoding(values));
    }

    [Fact]
    public void Decode_BadValues_AllocateNothing()
    {
        byte[][] values =
        [
            [],
            Encoding.UTF8.GetBytes("[1"),
            SampleEvents.UserBytes[..200],
            [.. SampleEvents.UserBytes, 0],
            [.. SampleEvents.UserBytes[..400], 0xFF, 0xFE],
            SampleEvents.With("\"age\":36", "\"age\":1e999"),
            SampleEvents.With("\"gender\":\"male\"", "\"gender\":\"\\u0000\""),
            SampleEvents.With("\"age\":36", "\"\\u0061ge\":36,\"age\":36"),
            SampleEvents.With("john@example.com", "j\\u006fhn@ex\\u0061mple"),
            SampleEvents.With("\"age\":36", "\"x\":" + new string('[', 100)),
            Padded(EventDecoder.MaxValueBytes + 1),
        ];

        Assert.Equal(0, AllocatedByDecoding(values));
    }

    private static long AllocatedByDecoding(byte[][] values)
    {
        const int Rounds = 200;
        var e = default(DecodedEvent);
        var sum = 0;
        for (var round = 0; round < Rounds; round++)
        {
            sum += DecodeAll(values, ref e);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < Rounds; round++)
        {
            sum += DecodeAll(values, ref e);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(sum >= 0);
        return allocated;
    }

    private static int DecodeAll(byte[][] values, ref DecodedEvent e)
    {
        var sum = 0;
        foreach (var value in values)
        {
            sum += (int)EventDecoder.Decode(value, ref e).Reason;
        }

        return sum;
    }

    private static byte[] Padded(int length)
    {
        var user = SampleEvents.UserBytes;
        return [.. user[..^1], .. Enumerable.Repeat((byte)' ', length - user.Length), (byte)'}'];
    }
}
