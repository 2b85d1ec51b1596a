using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Ingest.RandomUser;
using Pipeline.Streaming;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>
/// Users who could not become events, in the dead letters of the topic they were meant for. Their value is what was kept of
/// the source (its secrets are gone by then); they never had a partition or an offset, so those headers are absent.
/// </summary>
internal sealed class DoorDeadLetters(IRecordWriter writer, string runId, IServiceProvider services, int maxRecords) : IDisposable
{
    private readonly RecordBatchBuilder _records = new();
    private readonly ArrayBufferWriter<byte> _value = new(1024);
    private readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();
    private readonly QualityRules _rules = services.GetRequiredService<QualityRules>();

    public int Acknowledged { get; private set; }

    public async ValueTask AddAsync(RejectedUser rejected, CancellationToken cancellationToken)
    {
        Add(rejected);
        if (_records.Count >= maxRecords)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_records.Count > 0)
        {
            Acknowledged += (await writer.AppendAsync(Topics.DeadLettersOf(Topics.Users), _records, cancellationToken)).Count;
            _records.Clear();
        }
    }

    public void Dispose() => _records.Dispose();

    private void Add(RejectedUser rejected)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        _value.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_value, EventJsonWriter.Options))
        {
            JsonSerializer.Serialize(json, rejected.User, SourceJson.Default.SourceUser);
        }

        var hasKey = Guid.TryParseExact(rejected.User.Uuid, "D", out var userId);
        _records.Add(hasKey ? Encoding.ASCII.GetBytes(userId.ToString("D")) : [], hasKey, _value.WrittenSpan, isTombstone: false, now);
        _records.AddHeader(EventHeaders.ContentType, EventHeaders.Json);
        Header(DeadLetterHeaders.Topic, Topics.Users);
        Header(DeadLetterHeaders.ConnectorName, KafkaStreamDag.Id);
        Header(DeadLetterHeaders.Stage, "format_data");
        Header(DeadLetterHeaders.ExceptionMessage, rejected.Message);
        Header(DeadLetterHeaders.ReasonCode, rejected.Reason.WireName());
        Header(DeadLetterHeaders.RuleId, _rules.RuleFor(new DecodeResult(rejected.Reason, -1, rejected.Field)).Id);
        Header(DeadLetterHeaders.Attempt, "1");
        Header(DeadLetterHeaders.FirstFailure, Iso8601.Format(now));
        Header(DeadLetterHeaders.LastFailure, Iso8601.Format(now));
        Header("run_id", runId);
        if (Activity.Current?.Id is { } traceParent)
        {
            Header(DeadLetterHeaders.TraceParent, traceParent);
        }
    }

    private void Header(string name, string value) => _records.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
}
