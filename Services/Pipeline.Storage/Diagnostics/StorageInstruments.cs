using System.Diagnostics.Metrics;

namespace Pipeline.Storage.Diagnostics;

/// <summary>
/// Instruments of the result store. <c>db.*</c> as in the database conventions (https://opentelemetry.io/docs/specs/semconv/database/, stable),
/// <c>pipeline.*</c> are our own.
/// </summary>
internal static class StorageInstruments
{
    private static readonly Meter Meter = new("Pipeline.Storage");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "db.client.operation.duration",
        "s",
        "Duration of an operation on the result store",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });

    private static readonly Counter<long> Rows = Meter.CreateCounter<long>(
        "pipeline.store.rows", "{row}", "Rows written, by table; a row that is written again counts again");

    public static void Read(string operation, TimeSpan elapsed) => Record(operation, elapsed);

    public static void Written(ResultBatch batch, TimeSpan elapsed)
    {
        Record("write", elapsed);
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

    private static void Record(string operation, TimeSpan elapsed)
    {
        if (Duration.Enabled)
        {
            Duration.Record(elapsed.TotalSeconds, new("db.system.name", "sqlite"), new("db.operation.name", operation));
        }
    }

    private static void Count(string table, int rows)
    {
        if (rows > 0)
        {
            Rows.Add(rows, new KeyValuePair<string, object?>("db.collection.name", table));
        }
    }
}
