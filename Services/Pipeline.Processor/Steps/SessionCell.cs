using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Contracts;

namespace Pipeline.Processor.Steps;

/// <summary>
/// What a session adds up to. Entry and exit are the types of the first and the last event by (time, type), so that two events of
/// one millisecond give the same answer in any order.
/// </summary>
internal struct SessionCell
{
    private EventCounts _counts;
    private Edge _entry;
    private Edge _exit;

    public long Events { get; private set; }

    public readonly EventType Entry => _entry.Type;

    public readonly EventType Exit => _exit.Type;

    public static void Merge(ref SessionCell into, in SessionCell from)
    {
        if (from.Events == 0)
        {
            return;
        }

        for (var type = 0; type < EventCounts.Length; type++)
        {
            into._counts[type] += from._counts[type];
        }

        into._entry = into.Events == 0 || from._entry.IsBefore(into._entry) ? from._entry : into._entry;
        into._exit = into.Events == 0 || into._exit.IsBefore(from._exit) ? from._exit : into._exit;
        into.Events += from.Events;
    }

    public void Add(EventType type, long time)
    {
        var edge = new Edge(time, type);
        if (Events == 0 || edge.IsBefore(_entry))
        {
            _entry = edge;
        }

        if (Events == 0 || _exit.IsBefore(edge))
        {
            _exit = edge;
        }

        _counts[(int)type]++;
        Events++;
    }

    /// <summary>Counts by type as JSON, in the order of the contract's types: <c>{"login":1,"view":4}</c>.</summary>
    public readonly string CountsAsJson()
    {
        // Once per session and flush: nothing but the text itself is allocated.
        var json = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[256]);
        var separator = "{\"";
        for (var type = 0; type < EventCounts.Length; type++)
        {
            if (_counts[type] > 0)
            {
                json.AppendLiteral(separator);
                json.AppendLiteral(((EventType)type).WireName());
                json.AppendLiteral("\":");
                json.AppendFormatted(_counts[type]);
                separator = ",\"";
            }
        }

        json.AppendLiteral(Events == 0 ? "{}" : "}");
        return json.ToStringAndClear();
    }

    private readonly record struct Edge(long Time, EventType Type)
    {
        public bool IsBefore(in Edge other) => Time != other.Time ? Time < other.Time : Type < other.Type;
    }

    [InlineArray(Length)]
    private struct EventCounts
    {
        public const int Length = 8;

        private int _first;
    }
}
