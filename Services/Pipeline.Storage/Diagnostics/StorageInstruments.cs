using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Storage.Diagnostics;

/// <summary>
/// Instruments and spans of a result store. <c>db.*</c> as in the database conventions (https://opentelemetry.io/docs/specs/semconv/database/, stable),
/// <c>pipeline.*</c> are our own.
/// </summary>
/// <param name="system"><c>db.system.name</c>: <c>sqlite</c>, <c>cassandra</c>.</param>
/// <param name="keyspace"><c>db.namespace</c>; null where the system has none.</param>
internal sealed class StorageInstruments(string system, string? keyspace = null)
{
    private static readonly ActivitySource Source = new("Pipeline.Storage");

    private static readonly Meter Meter = new("Pipeline.Storage");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "db.client.operation.duration",
        "s",
        "Duration of an operation on the result store",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });

    private static readonly Counter<long> Rows = Meter.CreateCounter<long>(
        "pipeline.store.rows", "{row}", "Rows written, by table; a row that is written again counts again");

    /// <summary>Measures a query; it failed unless it is told otherwise before it is disposed.</summary>
    public Operation StartRead(string operation) => new(this, operation, batch: null);

    /// <summary>Measures the write of a batch, in the same way.</summary>
    public Operation StartWrite(ResultBatch batch) => new(this, "write", batch);

    private static void Count(string table, int rows)
    {
        if (rows > 0)
        {
            Rows.Add(rows, new KeyValuePair<string, object?>("db.collection.name", table));
        }
    }

    private static void CountRows(ResultBatch batch)
    {
        if (Rows.Enabled)
        {
            Count("user_events", batch.Events.Count);
            Count("windowed_metrics", batch.Windows.Count);
            Count("user_sessions", batch.Sessions.Count);
            Count("late_events", batch.Late.Count);
            Count("dead_letters", batch.DeadLetters.Count);
            Count("quality_results", batch.Quality.Count);
        }
    }

    private Activity? StartActivity(string operation)
        => Source.StartActivity(keyspace is null ? operation : $"{operation} {keyspace}", ActivityKind.Client)
            ?.SetTag("db.system.name", system).SetTag("db.operation.name", operation).SetTag("db.namespace", keyspace);

    private void Record(string operation, TimeSpan elapsed, bool failed)
    {
        if (!Duration.Enabled)
        {
            return;
        }

        var tags = new TagList { { "db.system.name", system }, { "db.operation.name", operation } };
        if (keyspace is not null)
        {
            tags.Add("db.namespace", keyspace);
        }

        if (failed)
        {
            tags.Add("error.type", "storage");
        }

        Duration.Record(elapsed.TotalSeconds, tags);
    }

    /// <summary>One operation under way.</summary>
    public sealed class Operation : IDisposable
    {
        private readonly StorageInstruments _instruments;
        private readonly string _name;
        private readonly ResultBatch? _batch;
        private readonly Activity? _activity;
        private readonly long _started = Stopwatch.GetTimestamp();
        private bool _failed = true;
        private bool _isCounted;

        internal Operation(StorageInstruments instruments, string name, ResultBatch? batch)
        {
            _instruments = instruments;
            _name = name;
            _batch = batch;
            _activity = instruments.StartActivity(name);
        }

        public void Succeeded() => _failed = false;

        /// <summary>The rows of the batch are confirmed and can be read, though the operation goes on. Without it they count when it has succeeded.</summary>
        public void RowsWritten()
        {
            if (!_isCounted && _batch is not null)
            {
                _isCounted = true;
                CountRows(_batch);
            }
        }

        public void Dispose()
        {
            _instruments.Record(_name, Stopwatch.GetElapsedTime(_started), _failed);
            if (_failed)
            {
                _activity?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", "storage");
            }
            else
            {
                RowsWritten();
            }

            _activity?.Dispose();
        }
    }
}
