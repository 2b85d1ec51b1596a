namespace Pipeline.Storage;

/// <summary>
/// Collects the rows of one page and one more, which tells that there is a next page. A page also ends early at
/// <see cref="MaxBytes"/> of values: values can be megabytes each, and a thousand of them must not fill the memory.
/// </summary>
internal sealed class PageBuilder<TRow>(int limit)
{
    public const long MaxBytes = 16 << 20;

    private readonly List<TRow> _rows = [];
    private long _bytes;

    /// <summary>Rows to ask for: the page and one more.</summary>
    public int Capacity => limit + 1;

    public bool IsFull => _rows.Count > limit || (_bytes > MaxBytes && _rows.Count > 1);

    public void Add(TRow row, long bytes = 0)
    {
        _rows.Add(row);
        _bytes += bytes;
    }

    /// <param name="cursor">Makes the cursor from the last row of the page.</param>
    public Page<T> Build<T>(Func<TRow, string> cursor, Func<TRow, T> item)
    {
        var isLast = !IsFull;
        if (!isLast)
        {
            _rows.RemoveAt(_rows.Count - 1);
        }

        return new Page<T>(_rows.ConvertAll(row => item(row)), isLast ? null : cursor(_rows[^1]));
    }
}
