using System.Globalization;

namespace Pipeline.Standalone.Bench;

/// <summary>Memory of this process, looked at ten times a second until it is disposed: whether it grows in the course of a measurement.</summary>
internal sealed class MemorySamples : IDisposable
{
    private readonly List<long> _samples = [];
    private readonly Timer _timer;

    public MemorySamples()
    {
        void Sample(object? _)
        {
            lock (_samples)
            {
                _samples.Add(Environment.WorkingSet >> 20);
            }
        }

        _timer = new Timer(Sample, null, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
    }

    /// <summary>The largest of each tenth of the time so far, MB.</summary>
    public string MostByTenth()
    {
        lock (_samples)
        {
            var most = Enumerable.Range(0, 10).Select(i => _samples[(_samples.Count * i / 10)..Math.Max((_samples.Count * i / 10) + 1, _samples.Count * (i + 1) / 10)].Max());
            return string.Join(' ', most.Select(mb => mb.ToString(CultureInfo.InvariantCulture)));
        }
    }

    public void Dispose() => _timer.Dispose();
}
