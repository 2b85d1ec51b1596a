using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Keyed aggregates of tumbling windows: assign → update → emit when the watermark passes the end → emit again on a late
/// update → discard when the allowed lateness is over. Open windows can be emitted early. Values are absolute, so emitting
/// twice changes nothing. Not thread-safe.
/// </summary>
public sealed class WindowAggregator<TKey, TAccumulator>
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    private readonly TumblingWindows _windows;
    private readonly AllowedLateness _allowedLateness;
    private readonly int _maxOpen;
    private readonly SortedDictionary<long, WindowPane<TKey, TAccumulator>> _panes = [];
    private readonly Stack<KeyedState<TKey, TAccumulator>> _spare = new();
    private readonly List<long> _closed = [];
    private WindowPane<TKey, TAccumulator>? _last;
    private Watermark _watermark = Watermark.None;
    private long _emitFrom = long.MinValue;

    /// <param name="maxOpen">Bound on open windows, against records that are spread over the far future. Default: 10,000.</param>
    public WindowAggregator(TumblingWindows windows, AllowedLateness allowedLateness, int maxOpen = 10_000)
    {
        _windows = windows;
        _allowedLateness = allowedLateness;
        _maxOpen = maxOpen;
    }

    public int OpenWindows => _panes.Count;

    public long Entries
    {
        get
        {
            var entries = 0L;
            foreach (var pane in _panes.Values)
            {
                entries += pane.State.Count;
            }

            return entries;
        }
    }

    /// <summary>Updates that found too many windows open.</summary>
    public long Refused { get; private set; }

    /// <summary>Whether an early <see cref="Emit"/> has something to emit.</summary>
    public bool HasUnemitted
    {
        get
        {
            foreach (var pane in _panes.Values)
            {
                if (IsDue(pane, early: true))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>
    /// The aggregates of the window that contains <paramref name="eventTime"/>, about to be updated by a record at whose turn the
    /// watermark was <paramref name="at"/>; <see langword="null"/> when too many windows are open.
    /// </summary>
    public KeyedState<TKey, TAccumulator>? Update(long eventTime, Watermark at)
    {
        var pane = _last;
        if (pane is null || eventTime < pane.Window.Start || eventTime >= pane.Window.End)
        {
            pane = Find(eventTime);
            if (pane is null)
            {
                Refused++;
                return null;
            }

            _last = pane;
        }

        pane.IsDirty = true;
        if (at.Value >= pane.Window.End)
        {
            pane.IsLateUpdate = true;
        }

        return pane.State;
    }

    /// <summary>Moves the watermark; windows that it passed are emitted by the next <see cref="Emit"/>.</summary>
    public void Advance(Watermark watermark)
    {
        if (watermark > _watermark)
        {
            _watermark = watermark;
        }
    }

    /// <summary>Emits complete windows that changed and, when <paramref name="early"/>, open ones that changed; discards closed ones.</summary>
    public void Emit(bool early, Action<WindowPane<TKey, TAccumulator>> emit)
    {
        foreach (var pane in _panes.Values)
        {
            if (IsDue(pane, early))
            {
                pane.IsFinal = _watermark.HasPassed(pane.Window.End);
                if (pane.Window.Start >= _emitFrom)
                {
                    emit(pane);
                }

                pane.IsDirty = false;
            }

            if (_allowedLateness.IsClosed(pane.Window.End, _watermark))
            {
                _closed.Add(pane.Window.Start);
            }
        }

        foreach (var start in _closed)
        {
            Discard(start);
        }

        _closed.Clear();
    }

    /// <summary>Windows that begin before this time (Unix ms) are incomplete and must not be emitted.</summary>
    public void StartIncomplete(long coveredFrom) => _emitFrom = coveredFrom;

    public void Save(StateWriter writer)
    {
        writer.Write(_watermark.Value);
        writer.Write(_emitFrom);
        writer.Write(Refused);
        writer.Write(_panes.Count);
        foreach (var pane in _panes.Values)
        {
            writer.Write(pane.Window.Start);
            writer.Write(pane.IsDirty);
            writer.Write(pane.IsFinal);
            writer.Write(pane.IsLateUpdate);
            pane.State.Save(writer);
        }
    }

    public void Restore(ref StateReader reader)
    {
        _watermark = new Watermark(reader.Read<long>());
        _emitFrom = reader.Read<long>();
        Refused = reader.Read<long>();
        var count = reader.Read<int>();
        for (var i = 0; i < count; i++)
        {
            var start = reader.Read<long>();
            var pane = new WindowPane<TKey, TAccumulator>(new TimeWindow(start, start + _windows.Size), new KeyedState<TKey, TAccumulator>())
            {
                IsDirty = reader.Read<bool>(),
                IsFinal = reader.Read<bool>(),
                IsLateUpdate = reader.Read<bool>(),
            };
            pane.State.Restore(ref reader);
            _panes.Add(start, pane);
        }
    }

    // An empty pane can't exist: it is made by its first update.
    private bool IsDue(WindowPane<TKey, TAccumulator> pane, bool early)
        => _watermark.HasPassed(pane.Window.End) ? pane.IsDirty || !pane.IsFinal : early && pane.IsDirty;

    private WindowPane<TKey, TAccumulator>? Find(long eventTime)
    {
        var window = _windows.WindowOf(eventTime);
        if (_panes.TryGetValue(window.Start, out var pane))
        {
            return pane;
        }

        if (_panes.Count >= _maxOpen)
        {
            return null;
        }

        pane = new WindowPane<TKey, TAccumulator>(window, _spare.TryPop(out var state) ? state : new KeyedState<TKey, TAccumulator>());
        _panes.Add(window.Start, pane);
        return pane;
    }

    private void Discard(long start)
    {
        if (_panes.Remove(start, out var pane))
        {
            if (_spare.Count < 4)
            {
                pane.State.Clear();
                _spare.Push(pane.State);
            }

            if (ReferenceEquals(_last, pane))
            {
                _last = null;
            }
        }
    }
}

/// <summary>One window with its aggregates.</summary>
public sealed class WindowPane<TKey, TAccumulator>(TimeWindow window, KeyedState<TKey, TAccumulator> state)
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    public TimeWindow Window { get; } = window;

    public KeyedState<TKey, TAccumulator> State { get; } = state;

    /// <summary>The watermark had passed the end when it was emitted last.</summary>
    public bool IsFinal { get; internal set; }

    /// <summary>A late record changed it after the watermark had passed its end.</summary>
    public bool IsLateUpdate { get; internal set; }

    internal bool IsDirty { get; set; }
}
