using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Contracts;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>Files of one JSON text a line.</summary>
internal static class JsonLines
{
    /// <summary>The lines' bytes; closes the stream.</summary>
    public static async IAsyncEnumerable<byte[]> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return Encoding.UTF8.GetBytes(line);
        }
    }
}

/// <summary>Writes lines, many at a time.</summary>
internal sealed class JsonLinesWriter(Stream stream)
{
    private const int FlushBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes + 8192);

    public ValueTask WriteAsync<T>(T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using (var json = new Utf8JsonWriter(_buffer, EventJsonWriter.Options))
        {
            JsonSerializer.Serialize(json, value, type);
        }

        return EndLineAsync(cancellationToken);
    }

    public ValueTask WriteAsync(UserEvent user, CancellationToken cancellationToken)
    {
        UserEventJson.Write(_buffer, user);
        return EndLineAsync(cancellationToken);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }

    private ValueTask EndLineAsync(CancellationToken cancellationToken)
    {
        _buffer.Write("\n"u8);
        return _buffer.WrittenCount >= FlushBytes ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;
    }
}
