using System.Buffers.Binary;
using System.IO.Hashing;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.State;

/// <summary>
/// The memory of one partition at one offset: where to read next, the watermark, the counters, and the state of every step
/// that has some.
/// </summary>
/// <remarks>
/// Format, version 1, little-endian. Every text and block is its length (int32) and its bytes:
/// <code>
/// magic           uint32   "PLCK"
/// version         uint16   1
/// reserved        uint16   0
/// topic           text
/// partition       int32
/// sequence        int64    rises with every checkpoint of the partition
/// next offset     int64
/// watermark       int64    Unix ms
/// created at      int64    Unix ms
/// counters        5 int64  consumed, stored, dead-lettered, late, duplicate
/// step count      int32
///   name          text
///   definition    text     what the state depends on; another one refuses the checkpoint
///   state         block
/// checksum        uint64   XxHash3 of everything before it
/// </code>
/// The checksum finds damage and half-written files; the definitions find a topology that has changed since.
/// </remarks>
public sealed class Checkpoint
{
    public const ushort FormatVersion = 1;
    private const uint Magic = 0x4B434C50;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly List<StepState> _steps;

    private Checkpoint(ReadOnlyMemory<byte> bytes, List<StepState> steps)
    {
        _bytes = bytes;
        _steps = steps;
    }

    public required TopicPartition TopicPartition { get; init; }

    public required long Sequence { get; init; }

    public required long NextOffset { get; init; }

    public required Watermark Watermark { get; init; }

    public required long CreatedAt { get; init; }

    public required RecordCounters Counters { get; init; }

    /// <summary>Writes the checkpoint of a topology.</summary>
    public static void Write<TEvent>(StateWriter writer, TopicPartition partition, long sequence, TaskProgress progress, long now, Topology<TEvent> topology)
        where TEvent : struct
    {
        writer.Clear();
        writer.Write(Magic);
        writer.Write((uint)FormatVersion);
        writer.WriteText(partition.Topic);
        writer.Write(partition.Partition);
        writer.Write(sequence);
        writer.Write(progress.NextOffset);
        writer.Write(progress.Watermark.Value);
        writer.Write(now);
        writer.Write(progress.Counters);
        writer.Write(topology.Steps.Count(s => s.StateDefinition is not null));
        foreach (var step in topology.Steps)
        {
            if (step.StateDefinition is { } definition)
            {
                writer.WriteText(step.Name);
                writer.WriteText(definition);
                var start = writer.BeginBlock();
                step.Save(writer);
                writer.EndBlock(start);
            }
        }

        writer.Write(XxHash3.HashToUInt64(writer.Written.Span));
    }

    /// <summary>Reads a checkpoint back.</summary>
    /// <exception cref="StateRestoreException">Damaged, cut off, or written by a newer version.</exception>
    public static Checkpoint Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < sizeof(uint) * 2 + sizeof(ulong))
        {
            throw new StateRestoreException($"The checkpoint is cut off after {bytes.Length} bytes.");
        }

        var body = bytes.Span[..^sizeof(ulong)];
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[body.Length..]) != XxHash3.HashToUInt64(body))
        {
            throw new StateRestoreException("The checkpoint's checksum does not match its content: it is damaged or half-written.");
        }

        var reader = new StateReader(body);
        if (reader.Read<uint>() != Magic)
        {
            throw new StateRestoreException("The file is not a checkpoint.");
        }

        var version = reader.Read<uint>();
        if (version != FormatVersion)
        {
            throw new StateRestoreException($"The checkpoint has format version {version}; this program reads version {FormatVersion}.");
        }

        var steps = new List<StepState>();
        var checkpoint = new Checkpoint(bytes, steps)
        {
            TopicPartition = new TopicPartition(reader.ReadText(), reader.Read<int>()),
            Sequence = reader.Read<long>(),
            NextOffset = reader.Read<long>(),
            Watermark = new Watermark(reader.Read<long>()),
            CreatedAt = reader.Read<long>(),
            Counters = reader.Read<RecordCounters>(),
        };
        for (var remaining = reader.Read<int>(); remaining > 0; remaining--)
        {
            var name = reader.ReadText();
            var definition = reader.ReadText();
            var start = body.Length - reader.Remaining + sizeof(int);
            steps.Add(new StepState(name, definition, start, reader.ReadBlock().Length));
        }

        return checkpoint;
    }

    /// <summary>
    /// Gives every step its state back. A checkpoint of an older version of the program, which kept less, restores nothing: the
    /// state has to be made anew from the log.
    /// </summary>
    /// <returns><see langword="null"/>, or why the checkpoint is of an older version.</returns>
    /// <exception cref="StateRestoreException">The topology is defined differently by now; nothing was restored.</exception>
    public string? Restore<TEvent>(Topology<TEvent> topology)
        where TEvent : struct
    {
        var stateful = topology.Steps.Where(s => s.StateDefinition is not null).ToList();
        if (_steps.Find(s => !stateful.Exists(step => step.Name == s.Name)) is { } unknown)
        {
            throw Refuse($"it has state of a step '{unknown.Name}', which the topology no longer has");
        }

        string? older = null;
        foreach (var step in stateful)
        {
            if (_steps.Find(s => s.Name == step.Name) is not { } saved)
            {
                older ??= $"it has no state of the step '{step.Name}'";
            }
            else if (saved.Definition != step.StateDefinition)
            {
                var difference = $"its step '{step.Name}' was defined as \"{saved.Definition}\" and is \"{step.StateDefinition}\" now";
                if (!step.Supersedes(saved.Definition))
                {
                    throw Refuse(difference);
                }

                older ??= difference;
            }
        }

        if (older is not null)
        {
            return older;
        }

        foreach (var step in stateful)
        {
            var saved = _steps.Find(s => s.Name == step.Name)!;
            var reader = new StateReader(_bytes.Span.Slice(saved.Start, saved.Length));
            step.Restore(ref reader);
            if (!reader.IsAtEnd)
            {
                throw new StateRestoreException($"The saved state of the step '{step.Name}' is longer than expected.");
            }
        }

        return null;
    }

    private StateRestoreException Refuse(string reason) => new(
        $"The checkpoint of {TopicPartition} at offset {NextOffset} does not fit the topology: {reason}. " +
        "Set the definition back, or rebuild the results from the log (replay).");

    private sealed record StepState(string Name, string Definition, int Start, int Length);
}
