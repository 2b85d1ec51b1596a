namespace Pipeline.Dashboard.Views;

/// <summary>Whether retention may remove records before they are read. Pure.</summary>
/// <param name="SecondsToLoss">Until the oldest record that waits is removed, unread; null when none waits.</param>
/// <param name="IsHigh">More than half of its time is over.</param>
public readonly record struct RetentionRisk(double? SecondsToLoss, bool IsHigh)
{
    public static RetentionRisk Of(TimeSpan retention, long waiting, double ageSeconds)
    {
        var left = Math.Max(0, retention.TotalSeconds - ageSeconds);
        return waiting == 0 ? new(null, false) : new(left, left < retention.TotalSeconds / 2);
    }
}
