using System.Buffers;
using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>How events are written as JSON: compact, UTF-8, every script as it is.</summary>
public static class EventJsonWriter
{
    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public static JsonWriterOptions Options { get; } = new() { Encoder = new PlainTextEncoder(), SkipValidation = true };

    /// <summary>This thread's writer, set to a target. Not to be kept across calls.</summary>
    internal static Utf8JsonWriter On(IBufferWriter<byte> target)
    {
        _writer ??= new Utf8JsonWriter(target, Options);
        _writer.Reset(target);
        return _writer;
    }
}
