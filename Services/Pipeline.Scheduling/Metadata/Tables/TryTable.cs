namespace Pipeline.Scheduling.Metadata;

/// <summary>The two writes of every try, its start and its end, each for many tries at once.</summary>
internal static class TryTable
{
    public static readonly SharedWrite<TryEnd, bool> Ends = new(order: 1, End);

    /// <summary>The last, because it locks pools: they are to be held for the commit alone.</summary>
    public static readonly SharedWrite<TaskMove, TryStartResult> Starts = new(order: 2, Start);

    /// <summary>Starts tries, as far as their pools have room. Asked in the transaction that takes it, a full pool changes nothing.</summary>
    private static TryStartResult[] Start(MetadataSession session, IReadOnlyList<TaskMove> starts)
    {
        var room = PoolTable.LockRoom(session, starts.Select(start => start.To.Pool));
        var results = new TryStartResult[starts.Count];
        var admitted = new List<int>();
        for (var i = 0; i < starts.Count; i++)
        {
            var task = starts[i].To;
            if (room.GetValueOrDefault(task.Pool) is var free && free < task.PoolSlots)
            {
                results[i] = TryStartResult.PoolFull;
                continue;
            }

            room[task.Pool] = free - task.PoolSlots;
            admitted.Add(i);
        }

        foreach (var (i, isSaved) in admitted.Zip(TaskInstanceTable.SaveAll(session, [.. admitted.Select(i => starts[i])])))
        {
            results[i] = isSaved || IsStored(session, starts[i].To) ? TryStartResult.Started : TryStartResult.Refused;
        }

        return results;
    }

    /// <summary>Whether a start whose commit broke off had been written all the same: nobody else can have started this try of this owner.</summary>
    private static bool IsStored(MetadataSession session, TaskInstance running)
        => TaskInstanceTable.Find(session, running.DagId, running.RunId, running.TaskId) is { State: TaskInstanceState.Running } stored
            && stored.TryNumber == running.TryNumber && stored.StartDate == running.StartDate && stored.Hostname == running.Hostname && stored.Pid == running.Pid;

    /// <summary>Ends tries, each with what it leaves; one that is refused leaves nothing.</summary>
    private static bool[] End(MetadataSession session, IReadOnlyList<TryEnd> ends)
    {
        var saved = TaskInstanceTable.SaveAll(session, [.. ends.Select(end => end.Move)]);
        var written = ends.Zip(saved).Where(end => end.Second).Select(end => end.First).ToList();
        ResultTable.InsertResults(session, [.. written.SelectMany(end => end.Results)]);
        ResultTable.InsertLines(session, [.. written.SelectMany(end => end.Lines)]);

        // In one order everywhere: two instances must not wait for each other's rows.
        foreach (var (asset, extra, task) in written.SelectMany(end => end.Updates.Select(update => (update.Asset, update.Extra, end.Move.To))).OrderBy(update => update.Asset.Name, StringComparer.Ordinal))
        {
            AssetTable.Update(session, AssetTable.Save(session, asset, task.EndDate!.Value), asset.Name, extra, task, task.EndDate.Value);
        }

        return [.. ends.Zip(saved, (end, isSaved) => isSaved || (end.IsRepeated && IsStored(session, end)))];
    }

    /// <summary>Whether an end whose commit broke off had been written all the same.</summary>
    private static bool IsStored(MetadataSession session, TryEnd end)
        => end.Move.To is var to && TaskInstanceTable.Find(session, to.DagId, to.RunId, to.TaskId) is { } stored
            && stored.State == to.State && stored.TryNumber == to.TryNumber && stored.EndDate == to.EndDate;
}

internal enum TryStartResult : byte
{
    Started,
    PoolFull,
    Refused,
}

/// <param name="IsRepeated">An earlier attempt may have been written although it failed.</param>
internal sealed record TryEnd(TaskMove Move, IReadOnlyList<XCom> Results, IReadOnlyList<TaskLogLine> Lines, IReadOnlyList<AssetUpdate> Updates, bool IsRepeated);

/// <summary>What a successful try says of an asset that it has updated.</summary>
internal sealed record AssetUpdate(Asset Asset, string? Extra);
