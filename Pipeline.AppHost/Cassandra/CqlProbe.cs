using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.AppHost.Cassandra;

/// <summary>
/// Runs one CQL statement over the native protocol, version 4. That is all that a health check and the making of a keyspace need,
/// and it works on package feeds that carry Aspire but not the driver.
/// </summary>
internal static class CqlProbe
{
    private const byte Request = 0x04, Response = 0x84;
    private const byte Error = 0x00, Startup = 0x01, Ready = 0x02, Query = 0x07, Result = 0x08;
    private const int HeaderSize = 9, MaxBody = 1 << 20, RowsResult = 2, HasMorePages = 2;

    /// <summary>The number of rows that the statement returns, 0 for one that returns none.</summary>
    /// <exception cref="CqlProbeException">The server does not speak CQL, asks for a password or refuses the statement.</exception>
    /// <exception cref="SocketException">No server listens there.</exception>
    public static async Task<int> ExecuteAsync(string host, int port, string statement, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host, port, cancellationToken);
        await using var stream = client.GetStream();

        await SendAsync(stream, Startup, [0, 1, .. ShortText("CQL_VERSION"), .. ShortText("3.0.0")], cancellationToken);
        await ReceiveAsync(stream, Ready, cancellationToken);

        // Consistency ONE, and no column descriptions: only the count is wanted.
        byte[] options = [0, 1, 0x02];
        await SendAsync(stream, Query, [.. LongText(statement), .. options], cancellationToken);
        return CountRows(await ReceiveAsync(stream, Result, cancellationToken));
    }

    internal static int CountRows(ReadOnlySpan<byte> result)
    {
        if (ReadInt(ref result) != RowsResult)
        {
            return 0;
        }

        var flags = ReadInt(ref result);
        _ = ReadInt(ref result);
        if ((flags & HasMorePages) != 0)
        {
            var length = ReadInt(ref result);
            result = result[length..];
        }

        return ReadInt(ref result);
    }

    private static async Task SendAsync(NetworkStream stream, byte opcode, byte[] body, CancellationToken cancellationToken)
    {
        var frame = new byte[HeaderSize + body.Length];
        frame[0] = Request;
        frame[4] = opcode;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), body.Length);
        body.CopyTo(frame, HeaderSize);
        await stream.WriteAsync(frame, cancellationToken);
    }

    private static async Task<byte[]> ReceiveAsync(NetworkStream stream, byte expected, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderSize];
        try
        {
            await stream.ReadExactlyAsync(header, cancellationToken);
            var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
            if (header[0] != Response || length is < 0 or > MaxBody)
            {
                throw new CqlProbeException("What listens there does not speak CQL.");
            }

            var body = new byte[length];
            await stream.ReadExactlyAsync(body, cancellationToken);
            return header[4] == expected ? body : throw new CqlProbeException(Complaint(header[4], body));
        }
        catch (EndOfStreamException e)
        {
            throw new CqlProbeException("The connection was closed before an answer came.", e);
        }
    }

    private static string Complaint(byte opcode, ReadOnlySpan<byte> body)
    {
        if (opcode != Error || body.Length < 6)
        {
            return $"The server answered with opcode {opcode}; a password is not supported here.";
        }

        var text = body[6..];
        return Encoding.UTF8.GetString(text[..Math.Min(text.Length, BinaryPrimitives.ReadUInt16BigEndian(body[4..]))]);
    }

    private static byte[] ShortText(string text)
    {
        var bytes = new byte[2 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)Encoding.UTF8.GetBytes(text, bytes.AsSpan(2)));
        return bytes;
    }

    private static byte[] LongText(string text)
    {
        var bytes = new byte[4 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, Encoding.UTF8.GetBytes(text, bytes.AsSpan(4)));
        return bytes;
    }

    private static int ReadInt(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(int))
        {
            throw new CqlProbeException("The server's answer is cut off.");
        }

        var value = BinaryPrimitives.ReadInt32BigEndian(bytes);
        bytes = bytes[sizeof(int)..];
        return value;
    }
}

/// <summary>The server answered, but not as a usable Cassandra does.</summary>
internal sealed class CqlProbeException(string message, Exception? inner = null) : Exception(message, inner);
