using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.DeadLetters;

public sealed class DeadLetterWriterTests
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static readonly TopicPartition Source = new("t", 3);

    [Fact]
    public async Task Write_Letter_KeepsKeyValueAndHeadersAndSaysWhy()
    {
        var letter = new TestRecord([0xff, 0x00, 0x7b], 5, [1, 2, 3]) { Headers = [new("traceparent", TraceParent), new("own", "x")] };
        var (key, value, headers) = await WriteAsync(letter);
        Assert.Equal([1, 2, 3], key);
        Assert.Equal([0xff, 0x00, 0x7b], value);
        Assert.Equal(TraceParent, headers["traceparent"]);
        Assert.Equal("x", headers["own"]);
        Assert.Equal(("t", "3", "40"), (headers[DeadLetterHeaders.Topic], headers[DeadLetterHeaders.Partition], headers[DeadLetterHeaders.Offset]));
        Assert.Equal(("bad", "rule.1", "7"), (headers[DeadLetterHeaders.ReasonCode], headers[DeadLetterHeaders.RuleId], headers[DeadLetterHeaders.ErrorOffset]));
        Assert.Equal(("1", "0"), (headers[DeadLetterHeaders.Attempt], headers[DeadLetterHeaders.RedriveCount]));
        Assert.Equal("2027-01-15T08:00:00.000Z", headers[DeadLetterHeaders.FirstFailure]);
    }

    [Fact]
    public async Task Write_RedrivenLetter_KeepsItsHistoryAndNamesEachHeaderOnce()
    {
        var (_, _, first) = await WriteAsync(new TestRecord("x"));
        first[DeadLetterHeaders.RedriveCount] = "2";
        first[DeadLetterHeaders.FirstFailure] = "2026-01-01T00:00:00.000Z";
        var (_, _, again) = await WriteAsync(new TestRecord("x") { Headers = [.. first] });
        Assert.Equal(("3", "2"), (again[DeadLetterHeaders.Attempt], again[DeadLetterHeaders.RedriveCount]));
        Assert.Equal("2026-01-01T00:00:00.000Z", again[DeadLetterHeaders.FirstFailure]);
        Assert.Equal("2027-01-15T08:00:00.000Z", again[DeadLetterHeaders.LastFailure]);
    }

    private static async Task<(byte[] Key, byte[] Value, Dictionary<string, string> Headers)> WriteAsync(TestRecord record)
    {
        var token = TestContext.Current.CancellationToken;
        await using var log = new InMemoryRecordLog();
        await log.CreateTopicsAsync([new TopicSpec("t.dlq", 1, null)], token);
        await using var writer = log.CreateWriter();
        using var letters = new DeadLetterWriter(writer, new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000)), "test");
        using var records = TestRecord.ToBatch(Source, 40, [record]);
        await letters.WriteAsync(
            Source,
            [new DeadLetter(records, 0, new RecordStatus(Outcome.DeadLettered, 1, 0, -1, 7))],
            _ => new Rejection("bad", "rule.1", "It is bad.", "decode"),
            token);
        using var written = await log.FetchAsync(new Position(new TopicPartition("t.dlq", 0), 0), 10, token);
        Assert.Equal(1, written.Count);

        // A dictionary would not take a name twice.
        return (written.Key(0).ToArray(), written.Value(0).ToArray(), new(HeaderReader.ToList(written.Headers(0))));
    }
}
