using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.DeadLetters;

/// <summary>
/// Appends dead letters to <c>&lt;topic&gt;.dlq</c>: key and value as they came, byte for byte, the original headers, and ours that say
/// where the record stood and what was wrong. At-least-once: after a crash a letter may be there twice, with the same position.
/// </summary>
public sealed class DeadLetterWriter(IRecordWriter writer, TimeProvider time, string application, string suffix = ".dlq") : IDisposable
{
    private readonly RecordBatchBuilder _records = new();
    private readonly byte[] _number = new byte[20];

    /// <summary>Appends the letters; when it returns they are durable.</summary>
    /// <exception cref="RecordLogException">Not (all) written.</exception>
    public async ValueTask WriteAsync(TopicPartition source, IReadOnlyList<DeadLetter> letters, Func<RecordStatus, Rejection> describe, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        _records.Clear();
        foreach (var letter in letters)
        {
            Add(source, letter, describe(letter.Status), now);
        }

        await writer.AppendAsync(source.Topic + suffix, _records, cancellationToken);
        _records.Clear();
    }

    public void Dispose() => _records.Dispose();

    private static bool IsOurs(ReadOnlySpan<byte> name)
        => name.StartsWith("__connect.errors."u8)
            || name.SequenceEqual("pipeline.reason_code"u8)
            || name.SequenceEqual("pipeline.rule_id"u8)
            || name.SequenceEqual("pipeline.error_offset"u8)
            || name.SequenceEqual("pipeline.attempt"u8)
            || name.SequenceEqual("pipeline.first_failure"u8)
            || name.SequenceEqual("pipeline.last_failure"u8)
            || name.SequenceEqual("pipeline.redrive_count"u8);

    private static int ReadNumber(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out int number, out _) ? number : 0;

    private void Add(TopicPartition source, DeadLetter letter, Rejection rejection, DateTimeOffset now)
    {
        var (batch, index, status) = letter;
        _records.Add(batch.Key(index), batch.HasKey(index), batch.Value(index), batch.IsTombstone(index), now.ToUnixTimeMilliseconds());

        var headers = batch.Headers(index);
        while (headers.MoveNext())
        {
            if (!IsOurs(headers.Name))
            {
                _records.AddHeader(headers.Name, headers.Value);
            }
        }

        // A redriven record brings its history along.
        var redrives = ReadNumber(HeaderReader.Last(batch.Headers(index), "pipeline.redrive_count"u8));
        var firstFailure = HeaderReader.Last(batch.Headers(index), "pipeline.first_failure"u8);
        var nowText = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

        AddText(DeadLetterHeaders.Topic, source.Topic);
        AddNumber(DeadLetterHeaders.Partition, source.Partition);
        AddNumber(DeadLetterHeaders.Offset, batch.Offset(index));
        AddText(DeadLetterHeaders.ConnectorName, application);
        AddNumber(DeadLetterHeaders.TaskId, source.Partition);
        AddText(DeadLetterHeaders.Stage, rejection.Stage);
        AddText(DeadLetterHeaders.ExceptionClass, rejection.Code);
        AddText(DeadLetterHeaders.ExceptionMessage, rejection.Message);
        AddText(DeadLetterHeaders.ReasonCode, rejection.Code);
        AddText(DeadLetterHeaders.RuleId, rejection.RuleId);
        AddNumber(DeadLetterHeaders.ErrorOffset, status.ErrorOffset);
        AddNumber(DeadLetterHeaders.Attempt, redrives + 1);
        AddNumber(DeadLetterHeaders.RedriveCount, redrives);
        AddText(DeadLetterHeaders.LastFailure, nowText);
        if (firstFailure.IsEmpty)
        {
            AddText(DeadLetterHeaders.FirstFailure, nowText);
        }
        else
        {
            _records.AddHeader("pipeline.first_failure"u8, firstFailure);
        }
    }

    private void AddText(string name, string value) => _records.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    private void AddNumber(string name, long value)
    {
        Utf8Formatter.TryFormat(value, _number, out var length);
        _records.AddHeader(Encoding.UTF8.GetBytes(name), _number.AsSpan(0, length));
    }
}
