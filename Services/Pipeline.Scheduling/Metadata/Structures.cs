namespace Pipeline.Scheduling.Metadata;

/// <summary>Finds what a DAG looked like in a version.</summary>
internal static class Structures
{
    /// <param name="versionId">The latest when <see langword="null"/>.</param>
    public static Dag? Find(MetadataSession session, DagCatalog catalog, string dagId, long? versionId)
    {
        var version = versionId is { } id ? DagTable.FindVersion(session, id) : DagTable.LatestVersion(session, dagId);
        if (version is null)
        {
            return catalog.Find(dagId);
        }

        return catalog.Find(dagId) is { } code && code.Structure.Hash == version.Hash ? code : DagStructure.Parse(version.Structure).ToDag(dagId);
    }

    /// <summary>Retries of a task by its id; none of a task that the DAG does not have.</summary>
    public static Func<string, int> RetriesOf(Dag? dag) => taskId => dag?.FindTask(taskId)?.Retries ?? 0;
}
