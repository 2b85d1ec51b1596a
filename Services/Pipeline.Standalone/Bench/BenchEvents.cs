using System.Buffers;
using System.Text;
using Pipeline.Contracts;

namespace Pipeline.Standalone.Bench;

/// <summary>A file of user events as they stand in the log, about 560 bytes each, one a line, in order of event time.</summary>
internal static class BenchEvents
{
    private const long FirstTime = 1_767_225_600_000;
    private const int EventsPerSecond = 10_000;
    private const int KeyLength = 36;

    private static readonly Nationality[] Nationalities = [.. Enum.GetValues<Nationality>().Where(n => n != Nationality.Unknown)];

    public static async Task WriteAsync(string path, int count, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20, useAsync: true);
        var line = new ArrayBufferWriter<byte>(1024);
        for (var i = 0; i < count; i++)
        {
            line.ResetWrittenCount();
            UserEventJson.Write(line, Event(i));
            line.Write("\n"u8);
            await file.WriteAsync(line.WrittenMemory, cancellationToken);
        }
    }

    /// <summary>The key of an event's record: its user id, which follows a fixed envelope.</summary>
    public static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> value)
    {
        var at = value.IndexOf("\"user_id\":\""u8) + "\"user_id\":\""u8.Length;
        return value.Slice(at, KeyLength);
    }

    private static UserEvent Event(int i)
    {
        var time = FirstTime + (i * 1000L / EventsPerSecond);
        var nationality = Nationalities[i % Nationalities.Length];
        var age = 18 + (i % 60);
        return new UserEvent
        {
            EventId = Contracts.EventId.ForFetchedUser("bench", "bench", i / 5000, i % 5000, time),
            UserId = new Guid(i, 0x1234, 0x4567, [0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4]),
            EventTime = time,
            RunId = "scheduled__2026-01-01T00:00:00+00:00",
            Source = "bench",
            FirstName = "Josephine",
            LastName = "Christiansen",
            Email = $"josephine.christiansen{i}@example.com",
            Gender = (i & 1) == 0 ? Gender.Female : Gender.Male,
            DateOfBirth = FirstTime - (age * 31_557_600_000L) - 86_400_000,
            Age = age,
            Phone = "+1-555-0100",
            Nationality = nationality.WireName(),
            Address = $"{i % 9999} Hauptstrasse, Springfield, Somewhere 12345, {Country.Of(nationality).Name}",
            Picture = "https://example.com/api/portraits/med/women/17.jpg",
        };
    }
}
