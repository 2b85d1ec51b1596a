namespace Pipeline.Standalone.Bench;

/// <summary>Reads a file line by line; a line is valid until the next one is asked for.</summary>
internal sealed class LineFile(string path) : IAsyncDisposable
{
    private readonly FileStream _file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: false);
    private readonly byte[] _buffer = new byte[1 << 20];
    private int _start;
    private int _end;

    /// <summary>The next line without its end; null when there is none.</summary>
    public ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        return length >= 0 ? ValueTask.FromResult<ReadOnlyMemory<byte>?>(Take(length)) : ReadAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private ReadOnlyMemory<byte> Take(int length)
    {
        var line = _buffer.AsMemory(_start, length);
        _start += length + 1;
        return line;
    }

    private async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var read = await _file.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        if (read == 0)
        {
            return null;
        }

        _end += read;
        return await NextAsync(cancellationToken);
    }
}
