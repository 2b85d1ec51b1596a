using System.Runtime.InteropServices;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Hash of what is looked for → key of the event. 16 bytes, little-endian in the file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct IndexEntry(long Hash, long Key) : IComparable<IndexEntry>
{
    public int CompareTo(IndexEntry other)
    {
        var byHash = Hash.CompareTo(other.Hash);
        return byHash != 0 ? byHash : Key.CompareTo(other.Key);
    }

    /// <summary>How many entries of a sorted span are at or before an entry.</summary>
    public static int CountUpTo(ReadOnlySpan<IndexEntry> sorted, IndexEntry last)
    {
        var index = sorted.BinarySearch(last);
        return index >= 0 ? index + 1 : ~index;
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
