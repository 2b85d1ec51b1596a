using System.Buffers;

namespace Pipeline.Ingest.Api;

/// <summary>
/// The body of a request in one piece of rented memory: bodies are larger than what the garbage collector takes for small, and as many of them as there are
/// requests would have it look at the whole heap every few seconds. Valid until it is disposed.
/// </summary>
internal sealed class RequestBody : IDisposable
{
    private byte[] _buffer = [];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Reads to the end; false when there are more than <paramref name="maxBytes"/>.</summary>
    public async Task<bool> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        Reserve((int)(request.ContentLength ?? 16 * 1024) + 1);
        int read;
        while ((read = await request.Body.ReadAsync(_buffer.AsMemory(_length), cancellationToken)) > 0)
        {
            _length += read;
            if (_length > maxBytes)
            {
                return false;
            }

            if (_length == _buffer.Length)
            {
                Reserve(_length + 1);
            }
        }

        return true;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _length = 0;
        }
    }

    private void Reserve(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, _buffer.Length * 2));
        Bytes.CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }
}
