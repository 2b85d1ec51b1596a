using System.Globalization;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Where a dead letter is, as it stands in an address: with the time of its append it is found by key, however many there are.</summary>
internal sealed record DeadLetterPlace(string Topic, int Partition, long Offset, long IngestedAt)
{
    public static string Of(DeadLetterEntry e) => string.Create(CultureInfo.InvariantCulture, $"{e.Topic}/{e.Partition}/{e.Offset}/{e.IngestedAt}");

    /// <summary>The page with this dead letter open.</summary>
    public static string LinkTo(DeadLetterEntry e) => $"/dead-letters?range=all&at={Uri.EscapeDataString(Of(e))}";

    public static bool TryParse(string? text, out DeadLetterPlace place)
    {
        place = new DeadLetterPlace("", 0, 0, 0);
        if (text?.Split('/') is not [{ Length: > 0 } topic, var partition, var offset, var ingestedAt]
            || !int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var partitionNumber)
            || !long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var offsetNumber)
            || !long.TryParse(ingestedAt, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
        {
            return false;
        }

        place = new DeadLetterPlace(topic, partitionNumber, offsetNumber, time);
        return true;
    }
}

/// <summary>Addresses of records in the log.</summary>
internal static class TopicLinks
{
    public static string Record(string topic, int partition, long offset)
        => string.Create(CultureInfo.InvariantCulture, $"/topics?topic={Uri.EscapeDataString(topic)}&partition={partition}&offset={offset}");
}
