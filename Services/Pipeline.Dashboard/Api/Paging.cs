using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class Paging
{
    public static ItemPage<TItem> Select<TRow, TItem>(this Page<TRow> page, Func<TRow, TItem> toItem)
    {
        var items = new TItem[page.Items.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = toItem(page.Items[i]);
        }

        return new ItemPage<TItem>(items, page.Cursor);
    }
}
