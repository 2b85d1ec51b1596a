namespace Pipeline.Scheduling;

/// <summary>The DAGs that this process knows.</summary>
public sealed class DagCatalog
{
    private readonly Dictionary<string, Dag> _dags = new(StringComparer.Ordinal);

    /// <exception cref="DagException">Two DAGs have one id.</exception>
    public DagCatalog(IEnumerable<Dag> dags)
    {
        ArgumentNullException.ThrowIfNull(dags);
        foreach (var dag in dags)
        {
            if (!_dags.TryAdd(dag.Id, dag))
            {
                throw new DagException(dag.Id, ["The DAG id is used twice."]);
            }
        }
    }

    public IReadOnlyCollection<Dag> All => _dags.Values;

    public Dag? Find(string dagId) => _dags.GetValueOrDefault(dagId);
}
