using System.Runtime.InteropServices;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Hash of what is looked for → the event's time and row. 24 bytes, little-endian in the file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct IndexEntry(long Hash, long EventTime, long Row) : IComparable<IndexEntry>
{
    public EventPlace Place => new(EventTime, Row);

    public int CompareTo(IndexEntry other)
    {
        var byHash = Hash.CompareTo(other.Hash);
        return byHash != 0 ? byHash : Place.CompareTo(other.Place);
    }

    /// <summary>How many entries of a sorted span come before an entry.</summary>
    public static int CountBefore(ReadOnlySpan<IndexEntry> sorted, IndexEntry end)
    {
        var index = sorted.BinarySearch(end);
        return index >= 0 ? index : ~index;
    }
}

/// <summary>An event's place in the listing of its user: by time, then by row.</summary>
internal readonly record struct EventPlace(long EventTime, long Row) : IComparable<EventPlace>
{
    public int CompareTo(EventPlace other)
    {
        var byTime = EventTime.CompareTo(other.EventTime);
        return byTime != 0 ? byTime : Row.CompareTo(other.Row);
    }
}

/// <summary>What an event is looked up by; part of the file format.</summary>
internal enum IndexKind
{
    /// <summary>Every event, by its user.</summary>
    User = 1,

    /// <summary>Events whose id does not begin with their event time, by the id.</summary>
    ForeignId = 2,
}
