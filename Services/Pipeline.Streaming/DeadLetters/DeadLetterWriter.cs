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
    private byte[] _text = new byte[256];

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
        var (records, index, status) = letter;
        var batch = records.Source;
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

        AddText(Names.Topic, source.Topic);
        AddNumber(Names.Partition, source.Partition);
        AddNumber(Names.Offset, batch.Offset(index));
        AddText(Names.ConnectorName, application);
        AddNumber(Names.TaskId, source.Partition);
        AddText(Names.Stage, rejection.Stage);
        AddText(Names.ExceptionClass, rejection.Code);
        AddText(Names.ExceptionMessage, rejection.Message);
        AddText(Names.ReasonCode, rejection.Code);
        AddText(Names.RuleId, rejection.RuleId);
        AddNumber(Names.ErrorOffset, status.ErrorOffset);
        AddNumber(Names.Attempt, redrives + 1);
        AddNumber(Names.RedriveCount, redrives);
        AddText(Names.LastFailure, nowText);
        if (firstFailure.IsEmpty)
        {
            AddText(Names.FirstFailure, nowText);
        }
        else
        {
            _records.AddHeader("pipeline.first_failure"u8, firstFailure);
        }
    }

    private void AddText(byte[] name, string value)
    {
        var length = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (_text.Length < length)
        {
            _text = new byte[length];
        }

        _records.AddHeader(name, _text.AsSpan(0, Encoding.UTF8.GetBytes(value, _text)));
    }

    private void AddNumber(byte[] name, long value)
    {
        Utf8Formatter.TryFormat(value, _number, out var length);
        _records.AddHeader(name, _number.AsSpan(0, length));
    }

    /// <summary>The names as they are written: a poison record must not cost more than another one.</summary>
    private static class Names
    {
        public static readonly byte[] Topic = Encoding.UTF8.GetBytes(DeadLetterHeaders.Topic);
        public static readonly byte[] Partition = Encoding.UTF8.GetBytes(DeadLetterHeaders.Partition);
        public static readonly byte[] Offset = Encoding.UTF8.GetBytes(DeadLetterHeaders.Offset);
        public static readonly byte[] ConnectorName = Encoding.UTF8.GetBytes(DeadLetterHeaders.ConnectorName);
        public static readonly byte[] TaskId = Encoding.UTF8.GetBytes(DeadLetterHeaders.TaskId);
        public static readonly byte[] Stage = Encoding.UTF8.GetBytes(DeadLetterHeaders.Stage);
        public static readonly byte[] ExceptionClass = Encoding.UTF8.GetBytes(DeadLetterHeaders.ExceptionClass);
        public static readonly byte[] ExceptionMessage = Encoding.UTF8.GetBytes(DeadLetterHeaders.ExceptionMessage);
        public static readonly byte[] ReasonCode = Encoding.UTF8.GetBytes(DeadLetterHeaders.ReasonCode);
        public static readonly byte[] RuleId = Encoding.UTF8.GetBytes(DeadLetterHeaders.RuleId);
        public static readonly byte[] ErrorOffset = Encoding.UTF8.GetBytes(DeadLetterHeaders.ErrorOffset);
        public static readonly byte[] Attempt = Encoding.UTF8.GetBytes(DeadLetterHeaders.Attempt);
        public static readonly byte[] RedriveCount = Encoding.UTF8.GetBytes(DeadLetterHeaders.RedriveCount);
        public static readonly byte[] LastFailure = Encoding.UTF8.GetBytes(DeadLetterHeaders.LastFailure);
        public static readonly byte[] FirstFailure = Encoding.UTF8.GetBytes(DeadLetterHeaders.FirstFailure);
    }
}
