namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Windows of one size, one of which ends every <see cref="Advance"/>, aligned to the Unix epoch; they overlap when the size is longer. Size
/// 5 min, advance 1 min: the last five minutes, every minute. With size = advance they are tumbling windows.
/// </summary>
public sealed record HoppingWindows
{
    private HoppingWindows(long size, long advance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(advance, 1);
        if (size < advance || size % advance != 0)
        {
            throw new ArgumentException($"Hopping windows of {size} ms can't advance by {advance} ms: the size must be a multiple of the advance.", nameof(size));
        }

        Size = size;
        Advance = advance;
    }

    /// <summary>Length in milliseconds.</summary>
    public long Size { get; }

    /// <summary>From one window to the next, in milliseconds.</summary>
    public long Advance { get; }

    public bool Overlap => Size > Advance;

    public static HoppingWindows Of(TimeSpan size, TimeSpan advance) => new((long)size.TotalMilliseconds, (long)advance.TotalMilliseconds);

    public static HoppingWindows Of(TumblingWindows windows) => new(windows.Size, windows.Size);

    public override string ToString() => Overlap ? $"hopping {Size} ms by {Advance} ms" : $"tumbling {Size} ms";
}
