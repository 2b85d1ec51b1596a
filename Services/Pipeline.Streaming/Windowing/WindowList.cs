using System.Runtime.InteropServices;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>The windows of one windowing that still take records, in order of their start.</summary>
internal sealed class WindowList(HoppingWindows definition)
{
    private readonly List<WindowState> _windows = [];

    public HoppingWindows Definition { get; } = definition;

    public Span<WindowState> Windows => CollectionsMarshal.AsSpan(_windows);

    /// <summary>Adds the windows that hold a pane and are not there yet.</summary>
    public void AddAround(long paneStart)
    {
        var at = 0;
        for (var start = paneStart + Definition.Advance - Definition.Size; start <= paneStart; start += Definition.Advance)
        {
            while (at < _windows.Count && _windows[at].Start < start)
            {
                at++;
            }

            if (at == _windows.Count || _windows[at].Start != start)
            {
                _windows.Insert(at, new WindowState { Start = start });
            }
        }
    }

    public void RemoveClosed(AllowedLateness allowedLateness, Watermark watermark)
    {
        var gone = 0;
        while (gone < _windows.Count && allowedLateness.IsClosed(_windows[gone].Start + Definition.Size, watermark))
        {
            gone++;
        }

        _windows.RemoveRange(0, gone);
    }

    public void Restore(ref StateReader reader)
    {
        CollectionsMarshal.SetCount(_windows, reader.ReadCount());
        reader.ReadItems(Windows);
    }
}

/// <summary>How far a window was emitted.</summary>
internal struct WindowState
{
    public long Start;

    /// <summary>The round in which it was emitted last; 0 is never.</summary>
    public long EmittedIn;

    /// <summary>The watermark had passed its end then.</summary>
    public bool IsFinal;
}
