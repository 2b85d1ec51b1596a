using Pipeline.Contracts;
using Pipeline.Simulator.Activity;

namespace Pipeline.Services.Tests.Simulator.Activity;

public sealed class PoisonValueTests
{
    private static readonly ActivityEvent Activity = new()
    {
        EventId = Guid.Parse("019b7a3e-5c00-8123-8456-789abcdef012"),
        UserId = Guid.Parse("c7a41086-06e3-4bfe-9c40-4e9da2df42c8"),
        EventType = EventType.View,
        EventTime = 1_767_225_600_123,
        Source = ActivityGenerator.Source,
        SessionHint = "s-1",
        Page = "/products/7",
        Device = "mobile",
    };

    [Theory]
    [InlineData("None", ReasonCode.None, Field.None)]
    [InlineData("TruncatedJson", ReasonCode.MalformedJson, Field.None)]
    [InlineData("WrongEncoding", ReasonCode.InvalidUtf8, Field.None)]
    [InlineData("MissingUser", ReasonCode.MissingField, Field.UserId)]
    [InlineData("AnonymousUser", ReasonCode.BadFormat, Field.UserId)]
    [InlineData("NumericTime", ReasonCode.WrongType, Field.EventTime)]
    [InlineData("LocalTime", ReasonCode.BadFormat, Field.EventTime)]
    [InlineData("NullTime", ReasonCode.NullField, Field.EventTime)]
    [InlineData("UnknownType", ReasonCode.BadFormat, Field.EventType)]
    [InlineData("Array", ReasonCode.NotAnObject, Field.None)]
    [InlineData("Html", ReasonCode.MalformedJson, Field.None)]
    [InlineData("Empty", ReasonCode.EmptyValue, Field.None)]
    [InlineData("UnknownVersion", ReasonCode.UnknownSchema, Field.SchemaVersion)]
    public void Poison_OfEachKind_IsRejectedForItsReason(string kind, ReasonCode reason, Field field)
    {
        var e = default(DecodedEvent);
        var result = EventDecoder.Decode(PoisonValue.Of(Activity, Enum.Parse<PoisonKind>(kind)), ref e);
        Assert.Equal((reason, field), (result.Reason, result.Field));
    }
}
