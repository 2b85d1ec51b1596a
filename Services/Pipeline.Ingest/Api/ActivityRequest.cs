using System.Buffers;
using System.Text.Json;
using Pipeline.Contracts;

namespace Pipeline.Ingest.Api;

/// <summary>Walks a request's body item by item, in place: a JSON array, or one event a line.</summary>
internal sealed class ActivityRequest(ActivityItem items, IngestApiOptions limits, long now)
{
    private readonly ArrayBufferWriter<byte> _value = new(1024);

    public List<ItemError> Errors { get; } = [];

    /// <summary>Items seen so far.</summary>
    public int Count { get; private set; }

    /// <summary>More items than a request may have; reading stopped there.</summary>
    public bool TooManyItems { get; private set; }

    /// <summary>Reads a JSON array; returns what is wrong with the body as a whole, if anything.</summary>
    public string? ReadArray(ReadOnlySpan<byte> body, EventBatch batch)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return "The body is not a JSON array of events; a single event goes into an array, too.";
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!Take(body[start..(int)reader.BytesConsumed], batch))
                {
                    return null;
                }
            }

            while (reader.Read())
            {
                // Objects to whatever follows the array.
            }

            return null;
        }
        catch (JsonException)
        {
            return $"The body is not valid JSON near byte {reader.BytesConsumed}.";
        }
    }

    /// <summary>Reads one event a line (NDJSON); empty lines are passed over.</summary>
    public void ReadLines(ReadOnlySpan<byte> body, EventBatch batch)
    {
        while (!body.IsEmpty)
        {
            var end = body.IndexOf((byte)'\n');
            var line = (end < 0 ? body : body[..end]).Trim(" \t\r"u8);
            body = end < 0 ? [] : body[(end + 1)..];
            if (!line.IsEmpty && !Take(line, batch))
            {
                return;
            }
        }
    }

    private bool Take(ReadOnlySpan<byte> item, EventBatch batch)
    {
        if (Count == limits.MaxItems)
        {
            TooManyItems = true;
            return false;
        }

        var index = Count++;
        if (item.Length > limits.MaxItemBytes)
        {
            Errors.Add(new ItemError(index, null, ReasonCode.TooLarge.WireName(), $"The event has {item.Length} bytes; at most {limits.MaxItemBytes} are taken."));
        }
        else if (items.Read(item, index, now, _value, out var error) is { } userId)
        {
            batch.Add(userId.ToString("D"), _value.WrittenSpan);
        }
        else
        {
            Errors.Add(error!);
        }

        return true;
    }
}
