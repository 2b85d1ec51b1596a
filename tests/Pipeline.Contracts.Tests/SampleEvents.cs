using System.Text;

namespace Pipeline.Contracts.Tests;

internal static class SampleEvents
{
    public static UserEvent User { get; } = new()
    {
        EventId = Guid.Parse("0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6071"),
        UserId = Guid.Parse("c7a41086-06e3-4bfe-9c40-4e9da2df42c8"),
        EventTime = 1_770_028_200_123,
        RunId = "scheduled__2026-02-02T10:29:00+00:00",
        Source = "randomuser.me",
        FirstName = "John",
        LastName = "Doe",
        Email = "john@example.com",
        Gender = Gender.Male,
        DateOfBirth = 632_399_400_000,
        Age = 36,
        Phone = "+1-555-0100",
        Nationality = "US",
        Address = "123 Main St, New York, NY, USA",
        Picture = "https://example.com/portraits/men/1.jpg",
    };

    public static UserEvent NonLatin { get; } = User with
    {
        FirstName = "محمدمهدی",
        LastName = "Ковальчук 😀",
        Nationality = "IR",
        Address = "\"8\" خیابان\\کوچه, تهران, Iran",
    };

    public static ActivityEvent Activity { get; } = new()
    {
        EventId = Guid.Parse("0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6072"),
        UserId = User.UserId,
        EventType = EventType.View,
        EventTime = 1_770_028_201_456,
        Source = "generator",
        Page = "/orders/17",
        Device = "mobile",
    };

    public static byte[] UserBytes => UserEventJson.ToBytes(User);

    public static byte[] ActivityBytes => ActivityEventJson.ToBytes(Activity);

    /// <summary>The user's value with one member's text changed.</summary>
    public static byte[] With(string oldText, string newText) => Replace(UserBytes, oldText, newText);

    public static byte[] Replace(byte[] value, string oldText, string newText)
    {
        var text = Encoding.UTF8.GetString(value);
        Assert.Contains(oldText, text, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text.Replace(oldText, newText, StringComparison.Ordinal));
    }

    public static DecodeResult Decode(byte[] value, out DecodedEvent e)
    {
        e = default;
        return EventDecoder.Decode(value, ref e);
    }

    public static DecodeResult Decode(byte[] value) => Decode(value, out _);

    public static DecodeResult Decode(string value) => Decode(Encoding.UTF8.GetBytes(value));
}
