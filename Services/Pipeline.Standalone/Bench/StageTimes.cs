using System.Diagnostics.Metrics;

namespace Pipeline.Standalone.Bench;

/// <summary>Keeps what the program's own histograms record while it is open, so that a measurement can say which stage the time went to.</summary>
internal sealed class StageTimes : IDisposable
{
    private static readonly int[] Percentiles = [50, 99];
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<double>> _seconds = [];

    public StageTimes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name is "db.client.operation.duration" or "pipeline.checkpoint.duration")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, seconds, tags, _) =>
        {
            var operation = "checkpoint";
            foreach (var tag in tags)
            {
                operation = tag.Key == "db.operation.name" ? (string)tag.Value! : operation;
            }

            Add(operation, TimeSpan.FromSeconds(seconds));
        });
        _listener.Start();
    }

    public void Add(string stage, TimeSpan duration)
    {
        lock (_gate)
        {
            if (!_seconds.TryGetValue(stage, out var known))
            {
                _seconds[stage] = known = [];
            }

            known.Add(duration.TotalSeconds);
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _seconds.Clear();
        }
    }

    /// <summary>Adds how often a stage was, its median and its 99th percentile in ms.</summary>
    public void AddTo(Figures figures, params ReadOnlySpan<string> stages)
    {
        lock (_gate)
        {
            foreach (var stage in stages)
            {
                var sorted = _seconds.GetValueOrDefault(stage, []).Order().ToList();
                figures[$"{stage}_count"] = sorted.Count;
                foreach (var percent in Percentiles)
                {
                    figures[$"{stage}_p{percent}_ms"] = sorted.Count == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)] * 1000, 1);
                }
            }
        }
    }

    public void Dispose() => _listener.Dispose();
}
