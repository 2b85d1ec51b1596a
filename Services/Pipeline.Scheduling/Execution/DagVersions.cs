using System.Collections.Concurrent;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>The DAGs of this process as the database knows them, and older versions of them for the runs that began with those.</summary>
internal sealed class DagVersions(DagCatalog catalog, Persistence persistence, TimeProvider clock)
{
    private readonly ConcurrentDictionary<long, Dag> _older = new();
    private volatile IReadOnlyDictionary<string, CurrentDag> _current = new Dictionary<string, CurrentDag>();

    public IReadOnlyDictionary<string, CurrentDag> Current => _current;

    /// <summary>Tells the database what the code has.</summary>
    public async Task SaveAsync(MetadataDatabase database, CancellationToken cancellationToken)
        => _current = await database.WriteAsync(session => DagTable.Save(session, catalog, clock.GetUtcNow()), cancellationToken);

    /// <summary>The tasks and edges of a version with the functions of the code.</summary>
    public async Task<Dag> FindAsync(Dag code, long? versionId)
    {
        if (versionId is not { } id || (_current.TryGetValue(code.Id, out var current) && current.VersionId == id))
        {
            return code;
        }

        if (!_older.TryGetValue(id, out var older))
        {
            var version = await persistence.ReadAsync(session => DagTable.FindVersion(session, id));
            older = version is null || version.Hash == code.Structure.Hash ? code : DagStructure.Parse(version.Structure).Bind(code);
            _older[id] = older;
        }

        return older;
    }
}
