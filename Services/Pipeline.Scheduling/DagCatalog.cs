namespace Pipeline.Scheduling;

/// <summary>The DAGs that this process knows, and those that it could not build.</summary>
public sealed class DagCatalog
{
    private readonly Dictionary<string, Dag> _dags = new(StringComparer.Ordinal);
    private readonly List<(string Source, string Message)> _errors = [];

    /// <summary>Builds every registered DAG. One that fails is left out and kept as an error, so that it does not take the others along.</summary>
    public DagCatalog(IEnumerable<DagSource> sources, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(sources);
        foreach (var source in sources)
        {
            try
            {
                var dag = source.Build(services);
                if (!_dags.TryAdd(dag.Id, dag))
                {
                    throw new DagException(dag.Id, ["The DAG id is used twice."]);
                }
            }
            catch (Exception e)
            {
                // Any exception: it comes out of code that others wrote.
                _errors.Add((source.Name, e is DagException ? e.Message : e.ToString()));
            }
        }
    }

    public IReadOnlyCollection<Dag> All => _dags.Values;

    /// <summary>DAGs that could not be built, by where they are registered.</summary>
    public IReadOnlyList<(string Source, string Message)> Errors => _errors;

    public Dag? Find(string dagId) => _dags.GetValueOrDefault(dagId);
}

/// <summary>A registered DAG, before it is built.</summary>
/// <param name="Name">Where it is registered, for error messages.</param>
public sealed record DagSource(string Name, Func<IServiceProvider, Dag> Build);
