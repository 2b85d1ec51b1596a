using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Pipeline.Streaming.Diagnostics;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// The clients' own statistics as metrics. They come as JSON on the thread that reads or produces, which only hands them over; a task of its
/// own reads them. <see href="https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md"/>
/// </summary>
internal sealed class KafkaStatistics : IDisposable
{
    private readonly Meter _meter = new(SemanticConventions.Source);

    // Newer numbers replace older ones, so the oldest may go when nobody has come to read it.
    private readonly Channel<string> _documents = Channel.CreateBounded<string>(new BoundedChannelOptions(8)
    {
        SingleReader = true,
        FullMode = BoundedChannelFullMode.DropOldest,
    });

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ClientFigures> _clients = new(StringComparer.Ordinal);

    public KafkaStatistics()
    {
        _meter.CreateObservableGauge(SemanticConventions.KafkaQueuedMessages, () => Each(f => f.Queued), "{message}", "Messages in the client's queues.");
        _meter.CreateObservableGauge(SemanticConventions.KafkaConnectedBrokers, () => Each(f => f.ConnectedBrokers), "{broker}", "Brokers that the client is connected to.");
        _meter.CreateObservableGauge(SemanticConventions.KafkaRoundTrip, () => Each(f => f.RoundTripSeconds), "s", "Slowest broker's mean time to answer a request.");
        _meter.CreateObservableCounter(SemanticConventions.KafkaSentBytes, () => Each(f => f.SentBytes), "By", "Sent to brokers.");
        _meter.CreateObservableCounter(SemanticConventions.KafkaReceivedBytes, () => Each(f => f.ReceivedBytes), "By", "Received from brokers.");
        _meter.CreateObservableCounter(SemanticConventions.KafkaRequestErrors, () => Each(f => f.Errors), "{error}", "Requests that failed or timed out; the client tries them again.");
        Reading = ReadAllAsync();
    }

    internal Task Reading { get; }

    /// <summary>Takes a document; never waits.</summary>
    public void Offer(string json) => _documents.Writer.TryWrite(json);

    public void Dispose()
    {
        _documents.Writer.TryComplete();
        _meter.Dispose();
    }

    internal static ClientFigures Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var connected = 0;
        var errors = 0L;
        var roundTrip = 0.0;
        if (root.TryGetProperty("brokers", out var brokers))
        {
            foreach (var broker in brokers.EnumerateObject().Select(b => b.Value))
            {
                connected += broker.TryGetProperty("state", out var state) && state.GetString() == "UP" && Number(broker, "nodeid") >= 0 ? 1 : 0;
                errors += Number(broker, "txerrs") + Number(broker, "rxerrs") + Number(broker, "req_timeouts");
                if (broker.TryGetProperty("rtt", out var rtt))
                {
                    roundTrip = Math.Max(roundTrip, Number(rtt, "avg") / 1e6);
                }
            }
        }

        var queued = Number(root, "msg_cnt") + FetchQueues(root);
        return new ClientFigures(
            root.GetProperty("name").GetString()!,
            root.GetProperty("type").GetString()!,
            queued,
            connected,
            roundTrip,
            Number(root, "tx_bytes"),
            Number(root, "rx_bytes"),
            errors);
    }

    private static long FetchQueues(JsonElement root) => !root.TryGetProperty("topics", out var topics)
        ? 0
        : topics.EnumerateObject()
            .SelectMany(t => t.Value.TryGetProperty("partitions", out var partitions) ? partitions.EnumerateObject() : default)
            .Sum(p => Number(p.Value, "fetchq_cnt"));

    private static long Number(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : 0;

    private async Task ReadAllAsync()
    {
        await foreach (var json in _documents.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                var figures = Parse(json);
                lock (_gate)
                {
                    _clients[figures.Name] = figures;
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                // Not the document that we know: metrics are missing, and nothing else may be.
            }
        }
    }

    private IEnumerable<Measurement<T>> Each<T>(Func<ClientFigures, T> value)
        where T : struct
    {
        lock (_gate)
        {
            return [.. _clients.Values.Select(f => new Measurement<T>(value(f), new KeyValuePair<string, object?>(SemanticConventions.KafkaClientType, f.Type)))];
        }
    }
}

/// <summary>What one client says of itself. Counters count since it was made.</summary>
internal sealed record ClientFigures(
    string Name, string Type, long Queued, int ConnectedBrokers, double RoundTripSeconds, long SentBytes, long ReceivedBytes, long Errors)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Queued} queued, {ConnectedBrokers} brokers");
}
