namespace Pipeline.Scheduling;

internal sealed class AssetTimetable : Timetable
{
    public AssetTimetable(AssetCondition condition)
    {
        if (condition.Assets.Count == 0)
        {
            throw new ArgumentException("A timetable of assets needs at least one.", nameof(condition));
        }

        Assets = condition;
    }

    public override string Summary => $"on {string.Join(Assets!.IsAll ? " and " : " or ", Assets.Assets.Select(asset => asset.Name))}";

    public override bool IsScheduled => false;

    public override AssetCondition? Assets { get; }

    public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds) => null;
}
