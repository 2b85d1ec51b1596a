using System.Buffers;
using System.Globalization;
using Pipeline.Contracts;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The events that are measured with, each made from its number alone. User events have about 560 bytes and come 10,000 a second of
/// event time, in order. Activity is of 100,000 users, each every ten minutes on average, and one event in ten comes up to 4 s late.
/// </summary>
internal static class BenchEvents
{
    private const int Users = 100_000;
    private const long FirstTime = 1_767_225_600_000;
    private const int EventsPerSecond = 10_000;
    private const int ActivityStepMs = 6;
    private const int KeyLength = 36;

    private static readonly Nationality[] Nationalities = [.. Enum.GetValues<Nationality>().Where(n => n != Nationality.Unknown)];

    /// <summary>Writes user events to a file, one a line.</summary>
    public static async Task WriteAsync(string path, int count, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20, useAsync: true);
        var line = new ArrayBufferWriter<byte>(1024);
        for (var i = 0; i < count; i++)
        {
            line.ResetWrittenCount();
            UserEventJson.Write(line, User(i));
            line.Write("\n"u8);
            await file.WriteAsync(line.WrittenMemory, cancellationToken);
        }

        // Or the disk would still be busy with it while something else is measured.
        file.Flush(flushToDisk: true);
    }

    /// <summary>Adds user events as records, keyed by their users.</summary>
    public static void AddUsers(RecordBatchBuilder records, int first, int count, long timestamp)
    {
        var value = new ArrayBufferWriter<byte>(1024);
        for (var i = first; i < first + count; i++)
        {
            value.ResetWrittenCount();
            UserEventJson.Write(value, User(i));
            records.Add(KeyOf(value.WrittenSpan), value.WrittenSpan, timestamp);
        }
    }

    /// <summary>The key of an event's record: its user id, which follows a fixed envelope.</summary>
    public static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> value)
    {
        var at = value.IndexOf("\"user_id\":\""u8) + "\"user_id\":\""u8.Length;
        return value.Slice(at, KeyLength);
    }

    public static UserEvent User(int i)
    {
        var time = FirstTime + (i * 1000L / EventsPerSecond);
        var nationality = Nationalities[i % Nationalities.Length];
        var age = 18 + (i % 60);
        return new UserEvent
        {
            EventId = Contracts.EventId.ForFetchedUser("bench", "bench", i / 5000, i % 5000, time),
            UserId = UserId(i),
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

    public static ActivityEvent Activity(int i)
    {
        // Well-mixed and the same every time: the finalizer of MurmurHash3.
        var mixed = (uint)i;
        mixed = (mixed ^ (mixed >> 16)) * 0x85EBCA6B;
        mixed = (mixed ^ (mixed >> 13)) * 0xC2B2AE35;
        mixed ^= mixed >> 16;

        var time = FirstTime + ((long)i * ActivityStepMs) - (mixed % 10 == 0 ? mixed % 4000 : 0);
        return Activity((int)(mixed % Users), time, (EventType)((int)EventType.Login + (int)(mixed / 10 % 4)), i);
    }

    /// <summary>A log-in of a user of that number.</summary>
    public static ActivityEvent ActivityOf(int user, long time) => Activity(user, time, EventType.Login, 0);

    /// <summary>The records of a builder as if they had been read from a log.</summary>
    public static RecordBatch ToRecords(RecordBatchBuilder builder, TopicPartition partition, long firstOffset)
    {
        var slices = ArrayPool<RecordSlices>.Shared.Rent(builder.Count);
        for (var i = 0; i < builder.Count; i++)
        {
            slices[i] = builder.Slices[i] with { Offset = firstOffset + i };
        }

        var bytes = ArrayPool<byte>.Shared.Rent(builder.ByteCount);
        builder.Bytes.CopyTo(bytes);
        var next = firstOffset + builder.Count;
        return RecordBatch.FromRented(partition, slices, builder.Count, bytes, next, next);
    }

    private static ActivityEvent Activity(int user, long time, EventType type, int number)
    {
        var userId = UserId(user);
        return new ActivityEvent
        {
            EventId = Contracts.EventId.ForActivity(userId, type, time, number.ToString(CultureInfo.InvariantCulture)),
            UserId = userId,
            EventType = type,
            EventTime = time,
            RunId = "bench",
            Source = "bench",
            SessionHint = "b-1",
            Page = "/products/42",
            Device = "desktop",
        };
    }

    private static Guid UserId(int i) => new(i, 0x1234, 0x4567, [0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4]);
}
