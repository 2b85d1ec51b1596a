using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Storage.Tests;

/// <summary>Rows with sensible values, so that a test says only what it is about.</summary>
internal static class TestRows
{
    public const string Topic = "users_topic";

    /// <summary>2026-03-01T00:00:00Z.</summary>
    public const long Start = 1_772_323_200_000;

    public const long Minute = 60_000;

    public static readonly Guid Alice = Guid.Parse("a11ce000-0000-4000-8000-000000000001");

    public static readonly Guid Bob = Guid.Parse("b0b00000-0000-4000-8000-000000000002");

    /// <summary>An id as the pipeline makes them: event time in the first 48 bits, the rest from a name.</summary>
    public static Guid TimeOrderedId(long eventTime, string name)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(name))[..16];
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, eventTime);
        time[2..].CopyTo(bytes);
        bytes[6] = (byte)(0x80 | (bytes[6] & 0x0f));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3f));
        return new Guid(bytes, bigEndian: true);
    }

    public static EventRow Event(long offset, long? time = null, Guid? user = null, Guid? id = null, string data = "{}", int partition = 0, string type = "profile", string topic = Topic)
    {
        var eventTime = time ?? Start + offset;
        return new EventRow(
            id ?? TimeOrderedId(eventTime, $"{topic}-{partition}-{offset}"),
            user ?? Alice,
            type,
            eventTime,
            eventTime + 5,
            topic,
            partition,
            offset,
            "IE",
            "Ireland",
            "Europe",
            "female",
            "25-34",
            0b101,
            Encoding.UTF8.GetBytes(data));
    }

    public static WindowRow Window(long start, string value = "all", int partition = 0, long count = 1, string metric = "events", string dimension = "all", string grain = "minute", bool isFinal = true, bool isLate = false, byte[]? sketch = null)
        => new(metric, dimension, value, grain, start, Topic, partition, new Aggregate(count, count * 2.0, count * 4.0, 2, 2), isFinal, isLate, sketch ?? []);

    public static SessionRow Session(long start, Guid? user = null, string name = "s", long events = 3, bool isLate = false)
        => new(TimeOrderedId(start, name), user ?? Alice, start, start + 1000, events, """{"login":1,"view":2}""", "login", "view", true, isLate, Topic, 0);

    public static LateRow Late(long offset, long? time = null, int partition = 0, string data = "{}")
        => new(TimeOrderedId(time ?? Start, $"late-{partition}-{offset}"), Alice, "view", time ?? Start, 90_000, Start + 100_000, Topic, partition, offset, Encoding.UTF8.GetBytes(data));

    public static DeadLetterRow DeadLetter(long offset, long? ingestedAt = null, int partition = 0, string reason = "malformed_json", string rule = "json", string value = "{")
        => new(Topic, partition, offset, reason, rule, "not JSON", 1, ingestedAt ?? Start + offset, Start + offset + 7, "key"u8.ToArray(), Encoding.UTF8.GetBytes(value));

    public static QualityRow Quality(long windowStart, string rule = "email-format", int partition = 0, long @checked = 10, long failed = 1)
        => new(rule, windowStart, Topic, partition, @checked, failed);

    public static PartitionProgress Progress(long nextOffset, long epoch = 1, int partition = 0, string topic = Topic)
        => new()
        {
            Topic = topic,
            Partition = partition,
            Epoch = epoch,
            NextOffset = nextOffset,
            Watermark = Start - 1000,
            Consumed = nextOffset,
            Stored = nextOffset,
            MaxEventTime = Start,
            UpdatedAt = Start + 1,
            LatencyP50 = 1.5,
            LatencyP95 = 2.5,
            LatencyP99 = 3.5,
            Owner = "test",
        };

    public static ResultBatch Batch(long nextOffset = 0, long epoch = 1, int partition = 0) => new() { Progress = Progress(nextOffset, epoch, partition) };

    public static ResultBatch With(this ResultBatch batch, params EventRow[] events)
    {
        batch.Events.AddRange(events);
        return batch;
    }

    public static ResultBatch With(this ResultBatch batch, params WindowRow[] windows)
    {
        batch.Windows.AddRange(windows);
        return batch;
    }

    public static ResultBatch With(this ResultBatch batch, params SessionRow[] sessions)
    {
        batch.Sessions.AddRange(sessions);
        return batch;
    }

    public static ResultBatch With(this ResultBatch batch, params LateRow[] late)
    {
        batch.Late.AddRange(late);
        return batch;
    }

    public static ResultBatch With(this ResultBatch batch, params DeadLetterRow[] deadLetters)
    {
        batch.DeadLetters.AddRange(deadLetters);
        return batch;
    }

    public static ResultBatch With(this ResultBatch batch, params QualityRow[] quality)
    {
        batch.Quality.AddRange(quality);
        return batch;
    }
}
