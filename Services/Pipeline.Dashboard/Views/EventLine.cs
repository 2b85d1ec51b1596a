using Pipeline.Dashboard.Api;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>One event as a line of a table, written once for all who are shown it. All of it is fit to be read.</summary>
/// <param name="Who">With the name of the person, for those who may see it.</param>
/// <param name="What">Without.</param>
/// <param name="Link">Where its record is.</param>
public sealed record EventLine(DateTime EventTime, string EventType, string Who, string What, string Country, string AgeBand, string Position, string Link)
{
    private const int MaxText = 80;

    public static EventLine Of(StoredEvent e) => new(
        UtcTime.FromUnixMs(e.EventTime),
        e.EventType,
        ForeignText.Visible(EventSummary.Of(e, withNames: true), MaxText),
        ForeignText.Visible(EventSummary.Of(e, withNames: false), MaxText),
        Known(e.Country),
        Known(e.AgeBand),
        $"{e.Topic}-{e.Partition}@{e.Offset}",
        TopicLinks.Record(e.Topic, e.Partition, e.Offset));

    private static string Known(string text) => text is "" or "unknown" ? Figures.None : text;
}
