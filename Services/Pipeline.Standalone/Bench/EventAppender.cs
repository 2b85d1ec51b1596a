using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>Appends lines to the log, some appends ahead of the disk.</summary>
internal sealed class EventAppender(IRecordLog log, string topic, TimeProvider clock) : IAsyncDisposable
{
    private const int RecordsPerAppend = 2_000;

    /// <summary>Appends under way at a time. The log answers in order, so the records keep the file's order.</summary>
    private const int AppendsInFlight = 4;

    private readonly IRecordWriter _writer = log.CreateWriter();
    private readonly Queue<(RecordBatchBuilder Batch, Task Append)> _inFlight = new();
    private readonly Stack<RecordBatchBuilder> _free = new(Enumerable.Range(0, AppendsInFlight).Select(_ => new RecordBatchBuilder()));

    public async Task AppendAsync(LineFile lines, int count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_free.Count == 0)
            {
                await CompleteOneAsync();
            }

            var batch = _free.Pop();
            while (batch.Count < RecordsPerAppend && count > 0 && await lines.NextAsync(cancellationToken) is { } line)
            {
                batch.Add(BenchEvents.KeyOf(line.Span), line.Span, clock.GetUtcNow().ToUnixTimeMilliseconds());
                count--;
            }

            _inFlight.Enqueue((batch, _writer.AppendAsync(topic, batch, cancellationToken).AsTask()));
        }

        while (_inFlight.Count > 0)
        {
            await CompleteOneAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        foreach (var batch in _free)
        {
            batch.Dispose();
        }
    }

    private async Task CompleteOneAsync()
    {
        var (batch, append) = _inFlight.Dequeue();
        await append;
        batch.Clear();
        _free.Push(batch);
    }
}
