namespace Pipeline.Storage;

/// <summary>The key of a late event or a dead letter as a place in a listing: a time and the source position.</summary>
internal readonly record struct RecordPlace(long Time, string Topic, int Partition, long Offset)
{
    /// <summary>Where a listing starts: before everything at its upper end, or after the row that the cursor names.</summary>
    public static RecordPlace Before(RangeQuery query, Cursor.Kind kind)
    {
        // No topic is empty, so this is before every row at that time.
        var before = new RecordPlace(query.To ?? long.MaxValue, "", 0, 0);
        if (query.Cursor is null)
        {
            return before;
        }

        var cursor = Cursor.Read(kind, query.Cursor);
        var last = new RecordPlace(cursor.Int64(), cursor.Text(), cursor.Int32(), cursor.Int64());
        cursor.End();
        return last.Time < before.Time ? last : before;
    }

    public string ToCursor(Cursor.Kind kind) => Cursor.Write(kind).Add(Time).Add(Topic).Add(Partition).Add(Offset).ToString();
}
