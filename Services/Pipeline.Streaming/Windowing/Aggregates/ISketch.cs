using System.Buffers;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing.Aggregates;

/// <summary>A summary of many records in bounded memory, with a stated error.</summary>
public interface ISketch
{
    bool IsEmpty { get; }

    /// <summary>Forgets everything.</summary>
    void Clear();

    /// <summary>Writes what it holds for a row: compact, the same bytes for the same records.</summary>
    void WriteTo(IBufferWriter<byte> target);

    void Save(StateWriter writer);

    void Restore(ref StateReader reader);
}

/// <summary>A sketch to which another one of its kind can be added, in any order and grouping.</summary>
public interface ISketch<in TSelf> : ISketch
    where TSelf : ISketch<TSelf>
{
    void Merge(TSelf other);
}
