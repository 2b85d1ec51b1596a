using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace Pipeline.Contracts.Tests.Events;

public class EventJsonTests
{
    [Fact]
    public void UserEventJson_Write_HasTheContractsFieldsInOrder()
    {
        using var json = JsonDocument.Parse(SampleEvents.UserBytes);

        Assert.Equal(
            [
                "event_id", "user_id", "event_type", "event_time", "run_id", "source", "schema_version",
                "first_name", "last_name", "email", "gender", "dob", "age", "phone", "nationality", "address", "picture",
            ],
            json.RootElement.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public void UserEventJson_Write_GivesGoldenBytes()
        => Assert.Equal(
            """{"event_id":"0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6071","user_id":"c7a41086-06e3-4bfe-9c40-4e9da2df42c8","event_type":"profile","event_time":"2026-02-02T10:30:00.123Z","run_id":"scheduled__2026-02-02T10:29:00+00:00","source":"randomuser.me","schema_version":1,"first_name":"محمدمهدی","last_name":"Ковальчук 😀","email":"john@example.com","gender":"male","dob":"1990-01-15T10:30:00.000Z","age":36,"phone":"+1-555-0100","nationality":"IR","address":"\"8\" خیابان\\کوچه, تهران, Iran","picture":"https://example.com/portraits/men/1.jpg"}""",
            Encoding.UTF8.GetString(UserEventJson.ToBytes(SampleEvents.NonLatin)));

    [Fact]
    public void ActivityEventJson_Write_GivesGoldenBytes()
        => Assert.Equal(
            """{"event_id":"0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6072","user_id":"c7a41086-06e3-4bfe-9c40-4e9da2df42c8","event_type":"view","event_time":"2026-02-02T10:30:01.456Z","run_id":null,"source":"generator","schema_version":1,"session_hint":null,"page":"/orders/17","device":"mobile","detail":null}""",
            Encoding.UTF8.GetString(SampleEvents.ActivityBytes));

    [Fact]
    public void UserEventJson_AnyUser_ReadsWhatItWrote()
    {
        var text = Gen.Char["aZé\"\\/\n\u0001\u007fЖ中\u200F\uFEFF\u2028�"].Array[1, 12].Select(chars => new string(chars) + "😀𠮷");
        var optional = Gen.OneOf(text.Select(t => (string?)t), Gen.Const((string?)null));
        Gen.Select(text, text, optional, optional, Gen.Int[0, 120].Nullable(), Gen.Long[-2_000_000_000_000, 2_000_000_000_000].Nullable())
            .Select((first, last, phone, address, age, dob) => SampleEvents.User with
            {
                FirstName = first,
                LastName = last,
                Phone = phone,
                Address = address,
                Age = age,
                DateOfBirth = dob,
                RunId = phone,
            })
            .Sample(user =>
            {
                var read = UserEventJson.Read(UserEventJson.ToBytes(user), out var result);

                Assert.True(result.IsSuccess, result.Describe());
                Assert.Equal(user, read);
            });
    }

    [Fact]
    public void ActivityEventJson_AnyType_ReadsWhatItWrote()
    {
        foreach (var type in Enum.GetValues<EventType>().Where(type => type is not (EventType.Unknown or EventType.Profile)))
        {
            var activity = SampleEvents.Activity with { EventType = type, Detail = "a \"detail\"", SessionHint = "s-1" };

            Assert.Equal(activity, ActivityEventJson.Read(ActivityEventJson.ToBytes(activity), out _));
        }
    }

    [Fact]
    public void Read_EventOfOtherTopic_IsRefused()
    {
        Assert.Null(UserEventJson.Read(SampleEvents.ActivityBytes, out var result));
        Assert.Equal((ReasonCode.BadFormat, Field.EventType), (result.Reason, result.Field));
        Assert.Null(ActivityEventJson.Read(SampleEvents.UserBytes, out result));
        Assert.Equal((ReasonCode.BadFormat, Field.EventType), (result.Reason, result.Field));
    }

    [Theory]
    [InlineData("\uD800")]
    [InlineData("a\uDC00b")]
    [InlineData("\uD83D\uD83D\uDE00\"")]
    public void UserEventJson_BrokenSurrogates_AreReplaced(string name)
    {
        var read = UserEventJson.Read(UserEventJson.ToBytes(SampleEvents.User with { FirstName = name }), out var result);

        Assert.True(result.IsSuccess, result.Describe());
        Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)), read!.FirstName);
    }

    [Fact]
    public void Write_TwiceToOneTarget_AppendsTheSameBytes()
    {
        var target = new ArrayBufferWriter<byte>();
        UserEventJson.Write(target, SampleEvents.User);
        var once = target.WrittenSpan.ToArray();
        UserEventJson.Write(target, SampleEvents.User);

        Assert.Equal([.. once, .. once], target.WrittenSpan.ToArray());
    }

    [Fact]
    public void WriteAndDecode_UnusualCulture_ChangesNothing()
    {
        var user = SampleEvents.User with { DateOfBirth = -1_234_567_890_123, Age = 7 };
        var expected = UserEventJson.ToBytes(user);
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = Unusual();

            Assert.Equal(expected, UserEventJson.ToBytes(user));
            Assert.Equal(user, UserEventJson.Read(expected, out _));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    // With invariant globalization there are no other cultures, so what would matter is set by hand.
    private static CultureInfo Unusual()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = "−";
        culture.NumberFormat.NumberDecimalSeparator = "٫";
        culture.DateTimeFormat.TimeSeparator = ".";
        culture.DateTimeFormat.DateSeparator = "٬";
        return culture;
    }
}
