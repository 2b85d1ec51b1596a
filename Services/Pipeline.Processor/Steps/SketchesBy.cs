using System.Runtime.CompilerServices;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>A sketch for each value of a closed set, made when it is needed.</summary>
internal sealed class SketchesBy<TSketch>(int values)
    where TSketch : class, ISketch<TSketch>, new()
{
    private readonly TSketch?[] _sketches = new TSketch?[values];

    public int Length => _sketches.Length;

    public TSketch this[int value]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _sketches[value] ?? (_sketches[value] = new TSketch());
    }

    /// <summary>The sketch of a value, or null when nothing was added.</summary>
    public TSketch? Find(int value) => _sketches[value] is { IsEmpty: false } sketch ? sketch : null;

    public void Merge(SketchesBy<TSketch> other)
    {
        for (var i = 0; i < _sketches.Length; i++)
        {
            if (other.Find(i) is { } sketch)
            {
                this[i].Merge(sketch);
            }
        }
    }

    /// <summary>Adds the sketches of all values to one.</summary>
    public void MergeInto(TSketch all)
    {
        all.Clear();
        for (var i = 0; i < _sketches.Length; i++)
        {
            if (Find(i) is { } sketch)
            {
                all.Merge(sketch);
            }
        }
    }

    public void Clear()
    {
        foreach (var sketch in _sketches)
        {
            sketch?.Clear();
        }
    }

    public void Save(StateWriter writer)
    {
        for (var i = 0; i < _sketches.Length; i++)
        {
            writer.Write(Find(i) is not null);
            Find(i)?.Save(writer);
        }
    }

    public void Restore(ref StateReader reader)
    {
        for (var i = 0; i < _sketches.Length; i++)
        {
            if (reader.Read<bool>())
            {
                this[i].Restore(ref reader);
            }
        }
    }
}
