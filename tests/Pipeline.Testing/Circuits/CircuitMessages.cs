using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Testing.Circuits;

/// <summary>
/// The few messages of a Blazor circuit that a viewer needs, in MessagePack: what SignalR's hub protocol calls invocations, each behind its
/// length (https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md).
/// </summary>
internal static class CircuitMessages
{
    /// <summary>An invocation without an answer, or with one when it has an id.</summary>
    public static byte[] Invocation(string? id, string target, params object?[] arguments)
    {
        var body = new MemoryStream();
        body.Write([0x96, 0x01, 0x80]);
        Write(body, id);
        Write(body, target);
        body.WriteByte((byte)(0x90 + arguments.Length));
        foreach (var argument in arguments)
        {
            Write(body, argument);
        }

        body.WriteByte(0x90);
        return Framed(body);
    }

    public static byte[] Ping() => Framed(new MemoryStream([0x91, 0x06]));

    /// <summary>The first message of a buffer: its values, and how many bytes it took; null while it is not whole.</summary>
    public static (object?[] Values, int Length)? Read(ReadOnlySpan<byte> buffer)
    {
        var (length, prefix) = (0, 0);
        for (var shift = 0; ; shift += 7)
        {
            if (prefix == buffer.Length)
            {
                return null;
            }

            var b = buffer[prefix++];
            length |= (b & 0x7F) << shift;
            if ((b & 0x80) == 0)
            {
                break;
            }
        }

        if (buffer.Length < prefix + length)
        {
            return null;
        }

        var at = 0;
        return ((object?[])ReadValue(buffer.Slice(prefix, length), ref at)!, prefix + length);
    }

    private static byte[] Framed(MemoryStream body)
    {
        var message = new MemoryStream();
        for (var left = (int)body.Length; ;)
        {
            message.WriteByte((byte)(left > 0x7F ? (left & 0x7F) | 0x80 : left));
            if ((left >>= 7) == 0)
            {
                break;
            }
        }

        body.WriteTo(message);
        return message.ToArray();
    }

    private static void Write(MemoryStream target, object? value)
    {
        switch (value)
        {
            case null:
                target.WriteByte(0xC0);
                break;
            case bool flag:
                target.WriteByte((byte)(flag ? 0xC3 : 0xC2));
                break;
            case long number:
                Span<byte> bytes = stackalloc byte[9];
                bytes[0] = 0xD3;
                BinaryPrimitives.WriteInt64BigEndian(bytes[1..], number);
                target.Write(bytes);
                break;
            case string text:
                var utf8 = Encoding.UTF8.GetBytes(text);
                Span<byte> head = stackalloc byte[5];
                head[0] = 0xDB;
                BinaryPrimitives.WriteInt32BigEndian(head[1..], utf8.Length);
                target.Write(head);
                target.Write(utf8);
                break;
            default:
                throw new ArgumentException($"{value.GetType()} is not written.", nameof(value));
        }
    }

    private static object? ReadValue(ReadOnlySpan<byte> b, ref int at)
    {
        var type = b[at++];
        switch (type)
        {
            case <= 0x7F:
                return (long)type;
            case >= 0xE0:
                return (long)(sbyte)type;
            case >= 0x80 and <= 0x8F:
                return ReadMap(b, ref at, type & 0x0F);
            case >= 0x90 and <= 0x9F:
                return ReadArray(b, ref at, type & 0x0F);
            case >= 0xA0 and <= 0xBF:
                return ReadText(b, ref at, type & 0x1F);
            case 0xC0:
                return null;
            case 0xC2 or 0xC3:
                return type == 0xC3;
            case 0xC4 or 0xC5 or 0xC6:
                var length = (int)ReadUnsigned(b, ref at, 1 << (type - 0xC4));
                at += length;
                return length;
            case 0xCC or 0xCD or 0xCE or 0xCF:
                return (long)ReadUnsigned(b, ref at, 1 << (type - 0xCC));
            case 0xD0:
                return (long)(sbyte)ReadUnsigned(b, ref at, 1);
            case 0xD1:
                return (long)(short)ReadUnsigned(b, ref at, 2);
            case 0xD2:
                return (long)(int)ReadUnsigned(b, ref at, 4);
            case 0xD3:
                return (long)ReadUnsigned(b, ref at, 8);
            case 0xD9 or 0xDA or 0xDB:
                return ReadText(b, ref at, (int)ReadUnsigned(b, ref at, 1 << (type - 0xD9)));
            case 0xDC:
                return ReadArray(b, ref at, (int)ReadUnsigned(b, ref at, 2));
            case 0xDE:
                return ReadMap(b, ref at, (int)ReadUnsigned(b, ref at, 2));
            default:
                throw new FormatException($"MessagePack type {type:X2} is not read.");
        }
    }

    private static ulong ReadUnsigned(ReadOnlySpan<byte> b, ref int at, int bytes)
    {
        ulong value = 0;
        for (var i = 0; i < bytes; i++)
        {
            value = (value << 8) | b[at++];
        }

        return value;
    }

    private static string ReadText(ReadOnlySpan<byte> b, ref int at, int length)
    {
        var text = Encoding.UTF8.GetString(b.Slice(at, length));
        at += length;
        return text;
    }

    private static object?[] ReadArray(ReadOnlySpan<byte> b, ref int at, int count)
    {
        var values = new object?[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = ReadValue(b, ref at);
        }

        return values;
    }

    private static object? ReadMap(ReadOnlySpan<byte> b, ref int at, int count)
    {
        for (var i = 0; i < 2 * count; i++)
        {
            ReadValue(b, ref at);
        }

        return null;
    }
}
