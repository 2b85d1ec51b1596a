using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Aggregates of tumbling and hopping windows: update → emit when the watermark passes the end → emit again on a late update →
/// discard when the allowed lateness is over. Windows that don't overlap can be emitted early. Values are absolute, so
/// emitting twice changes nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// Time is cut into panes as long as the advance; a record updates the one pane it lies in, however many windows overlap there, and
/// however many windowings share the panes. A window is the merge of its panes, made when it is emitted.
/// </para>
/// <para>
/// Windows that overlap are not emitted early: size ÷ advance of them are open at any time. Read them from here instead (<see cref="Visit"/>).
/// </para>
/// <para>
/// A record is too late when the first window that holds it is closed for good, although later ones may still be open: else what
/// the first one held at the end would depend on how the log cuts its batches.
/// </para>
/// </remarks>
public sealed class WindowAggregator<TContent>
    where TContent : class, IWindowContent<TContent>
{
    private const int MaxSpare = 8;

    private readonly TumblingWindows _slices;
    private readonly WindowList[] _windowings;
    private readonly AllowedLateness _allowedLateness;
    private readonly Func<TContent> _create;
    private readonly int _maxPanes;
    private readonly long _longest;
    private readonly List<Pane> _panes = [];
    private readonly Stack<TContent> _spare = new();
    private Pane? _last;
    private TContent? _merged;
    private Watermark _watermark = Watermark.None;
    private long _emitFrom = long.MinValue;

    // Counts emissions; a window is dirty when one of its panes was changed since its own last one.
    private long _round = 1;

    /// <param name="windowings">One or more; all with the same advance.</param>
    /// <param name="create">Makes an empty content.</param>
    /// <param name="maxPanes">Bound on panes, against records that are spread over the far future. Default: 10,000.</param>
    public WindowAggregator(IReadOnlyList<HoppingWindows> windowings, AllowedLateness allowedLateness, Func<TContent> create, int maxPanes = 10_000)
    {
        var advance = windowings[0].Advance;
        if (windowings.Any(w => w.Advance != advance))
        {
            throw new ArgumentException($"Windows that share panes must have the same advance: {string.Join(", ", windowings)}.", nameof(windowings));
        }

        _slices = TumblingWindows.OfSize(TimeSpan.FromMilliseconds(advance));
        _windowings = [.. windowings.Select(w => new WindowList(w))];
        _longest = windowings.Max(w => w.Size);
        _allowedLateness = allowedLateness;
        _create = create;
        _maxPanes = maxPanes;
    }

    public WindowAggregator(TumblingWindows windows, AllowedLateness allowedLateness, Func<TContent> create, int maxPanes = 10_000)
        : this([HoppingWindows.Of(windows)], allowedLateness, create, maxPanes)
    {
    }

    public int Panes => _panes.Count;

    public long Entries
    {
        get
        {
            var entries = 0L;
            foreach (var pane in _panes)
            {
                entries += pane.Content.Entries;
            }

            return entries;
        }
    }

    /// <summary>Updates that were not taken: too many panes, or too late for the first window.</summary>
    public long Refused { get; private set; }

    /// <summary>Whether an early <see cref="Emit"/> has something to emit.</summary>
    public bool HasUnemitted
    {
        get
        {
            foreach (var windowing in _windowings)
            {
                foreach (ref readonly var window in windowing.Windows)
                {
                    if (IsDue(windowing.Definition, in window, early: true))
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

    /// <summary>
    /// The content of the pane that contains <paramref name="eventTime"/>, about to be updated by a record at whose turn the
    /// watermark was <paramref name="at"/>; <see langword="null"/> when the update is refused (<see cref="Refused"/>).
    /// </summary>
    public TContent? Update(long eventTime, Watermark at)
    {
        var pane = _last;
        if (pane is null || eventTime < pane.Start || eventTime >= pane.End)
        {
            pane = Find(eventTime, at);
        }

        if (pane is null || (at.Value >= pane.End && _allowedLateness.IsClosed(pane.End, at)))
        {
            Refused++;
            return null;
        }

        _last = pane;
        pane.ChangedIn = _round;
        pane.ChangedAt = at.Value;
        return pane.Content;
    }

    /// <summary>Moves the watermark; windows that it passed are emitted by the next <see cref="Emit"/>.</summary>
    public void Advance(Watermark watermark)
    {
        if (watermark > _watermark)
        {
            _watermark = watermark;
        }
    }

    /// <summary>
    /// Emits complete windows that changed and, when <paramref name="early"/>, open ones that changed and don't overlap; discards closed
    /// ones. The content is valid during the call only.
    /// </summary>
    public void Emit(bool early, Action<EmittedWindow<TContent>> emit)
    {
        foreach (var windowing in _windowings)
        {
            foreach (ref var window in windowing.Windows)
            {
                if (IsDue(windowing.Definition, in window, early))
                {
                    window.EmittedIn = _round;
                    window.IsFinal = _watermark.HasPassed(window.Start + windowing.Definition.Size);
                    if (window.Start >= _emitFrom)
                    {
                        emit(Make(windowing.Definition, in window));
                    }
                }
            }

            windowing.RemoveClosed(_allowedLateness, _watermark);
        }

        _round++;
        DiscardPanes();
    }

    /// <summary>Shows every window of a windowing that still takes records as it is now, emitted or not; changes nothing.</summary>
    public void Visit(HoppingWindows windowing, Action<EmittedWindow<TContent>> visit)
    {
        var list = Array.Find(_windowings, w => w.Definition == windowing) ?? throw new ArgumentException($"There are no windows '{windowing}' here.", nameof(windowing));
        foreach (ref readonly var window in list.Windows)
        {
            if (window.Start >= _emitFrom && HasPanes(windowing, in window))
            {
                var emitted = Make(windowing, in window);
                visit(emitted with { IsFinal = _watermark.HasPassed(emitted.Window.End) });
            }
        }
    }

    /// <summary>Windows that begin before this time (Unix ms) are incomplete and must not be emitted.</summary>
    public void StartIncomplete(long coveredFrom) => _emitFrom = coveredFrom;

    public void Save(StateWriter writer)
    {
        writer.Write(_watermark.Value);
        writer.Write(_emitFrom);
        writer.Write(Refused);
        writer.Write(_round);
        writer.Write(_panes.Count);
        foreach (var pane in _panes)
        {
            writer.Write(pane.Start);
            writer.Write(pane.ChangedIn);
            writer.Write(pane.ChangedAt);
            pane.Content.Save(writer);
        }

        foreach (var windowing in _windowings)
        {
            writer.WriteArray<WindowState>(windowing.Windows);
        }
    }

    public void Restore(ref StateReader reader)
    {
        _watermark = new Watermark(reader.Read<long>());
        _emitFrom = reader.Read<long>();
        Refused = reader.Read<long>();
        _round = reader.Read<long>();
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            var start = reader.Read<long>();
            var pane = new Pane(start, start + _slices.Size, _create()) { ChangedIn = reader.Read<long>(), ChangedAt = reader.Read<long>() };
            pane.Content.Restore(ref reader);
            _panes.Add(pane);
        }

        foreach (var windowing in _windowings)
        {
            windowing.Restore(ref reader);
        }
    }

    private bool IsDue(HoppingWindows windowing, in WindowState window, bool early)
    {
        var isComplete = _watermark.HasPassed(window.Start + windowing.Size);
        return isComplete
            ? !window.IsFinal || IsDirty(windowing, in window)
            : early && !windowing.Overlap && IsDirty(windowing, in window);
    }

    private bool IsDirty(HoppingWindows windowing, in WindowState window)
    {
        for (var i = FirstPaneFrom(window.Start); i < _panes.Count && _panes[i].Start < window.Start + windowing.Size; i++)
        {
            if (_panes[i].ChangedIn > window.EmittedIn)
            {
                return true;
            }
        }

        return false;
    }

    private bool HasPanes(HoppingWindows windowing, in WindowState window)
    {
        var first = FirstPaneFrom(window.Start);
        return first < _panes.Count && _panes[first].Start < window.Start + windowing.Size;
    }

    private EmittedWindow<TContent> Make(HoppingWindows windowing, in WindowState window)
    {
        var end = window.Start + windowing.Size;
        var first = FirstPaneFrom(window.Start);
        var isLate = false;
        var past = first;
        for (; past < _panes.Count && _panes[past].Start < end; past++)
        {
            isLate |= _panes[past].ChangedAt >= end;
        }

        var content = past - first == 1 ? _panes[first].Content : Merge(first, past);
        return new EmittedWindow<TContent>(windowing, new TimeWindow(window.Start, end), content, window.IsFinal, isLate);
    }

    private TContent Merge(int first, int past)
    {
        var merged = _merged ??= _create();
        merged.Clear();
        for (var i = first; i < past; i++)
        {
            merged.Merge(_panes[i].Content);
        }

        return merged;
    }

    private Pane? Find(long eventTime, Watermark at)
    {
        var start = _slices.StartOf(eventTime);
        var index = FirstPaneFrom(start);
        if (index < _panes.Count && _panes[index].Start == start)
        {
            return _panes[index];
        }

        if (_panes.Count >= _maxPanes || _allowedLateness.IsClosed(start + _slices.Size, at))
        {
            return null;
        }

        var pane = new Pane(start, start + _slices.Size, _spare.TryPop(out var content) ? content : _create());
        _panes.Insert(index, pane);
        foreach (var windowing in _windowings)
        {
            windowing.AddAround(start);
        }

        return pane;
    }

    private int FirstPaneFrom(long start)
    {
        var (from, to) = (0, _panes.Count);
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (_panes[middle].Start < start)
            {
                from = middle + 1;
            }
            else
            {
                to = middle;
            }
        }

        return from;
    }

    // A pane goes with the last window that holds it.
    private void DiscardPanes()
    {
        var gone = 0;
        while (gone < _panes.Count && _allowedLateness.IsClosed(_panes[gone].Start + _longest, _watermark))
        {
            var pane = _panes[gone++];
            _last = ReferenceEquals(_last, pane) ? null : _last;
            if (_spare.Count < MaxSpare)
            {
                pane.Content.Clear();
                _spare.Push(pane.Content);
            }
        }

        _panes.RemoveRange(0, gone);
    }

    private sealed class Pane(long start, long end, TContent content)
    {
        public long Start { get; } = start;

        public long End { get; } = end;

        public TContent Content { get; } = content;

        /// <summary>The round of its last change.</summary>
        public long ChangedIn { get; set; }

        /// <summary>The watermark at its last change: windows that had ended by then have changed late.</summary>
        public long ChangedAt { get; set; } = long.MinValue;
    }
}

/// <summary>A window that is emitted or looked at.</summary>
/// <param name="Content">Valid during the call only.</param>
/// <param name="IsFinal">The watermark has passed its end.</param>
/// <param name="IsLateUpdate">A late record changed it after the watermark had passed its end.</param>
public readonly record struct EmittedWindow<TContent>(HoppingWindows Windowing, TimeWindow Window, TContent Content, bool IsFinal, bool IsLateUpdate)
    where TContent : class, IWindowContent<TContent>;
