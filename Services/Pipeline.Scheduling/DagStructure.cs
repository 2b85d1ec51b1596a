using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Scheduling;

/// <summary>
/// What of a DAG is kept with its runs: its tasks, their edges and settings, as JSON. Two DAGs with one structure are one version.
/// </summary>
internal sealed class DagStructure
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly StoredDag _stored;

    private DagStructure(StoredDag stored, string json)
    {
        _stored = stored;
        Json = json;
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 16));
    }

    public string Json { get; }

    public string Hash { get; }

    public static DagStructure Of(Dag dag)
    {
        var stored = new StoredDag(
            dag.Timetable.Summary,
            [.. dag.Tasks.Select(task => new StoredTask(
                task.Id,
                [.. dag.Upstream(task.Id)],
                task.TriggerRule.ToWireName(),
                task.Retries,
                task.Timeout.TotalSeconds,
                task.Pool,
                task.PoolSlots,
                task.PriorityWeight,
                task.WeightRule.ToWireName(),
                task.Owner,
                task.Outlets.Count == 0 ? null : [.. task.Outlets.Select(asset => asset.Name)]))],
            dag.Params.Count == 0 ? null : [.. dag.Params.Select(param => new StoredParam(param.Name, param.DefaultJson, param.SchemaJson))]);
        return new DagStructure(stored, JsonSerializer.Serialize(stored, Options));
    }

    public static DagStructure Parse(string json) => new(JsonSerializer.Deserialize<StoredDag>(json, Options)!, json);

    /// <summary>The tasks of this version, in topological order.</summary>
    public IEnumerable<string> TaskIds => _stored.Tasks.Select(task => task.Id);

    /// <summary>
    /// The DAG of this version with the functions that the code has now: the same tasks and edges. A task that the code has no more is left out.
    /// </summary>
    public Dag Bind(Dag code)
    {
        var tasks = _stored.Tasks.Where(task => code.FindTask(task.Id) is not null).ToList();
        var kept = tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal);
        return new Dag(
            new DagBuilder(code),
            [.. tasks.Select(task => code.FindTask(task.Id)!)],
            tasks.ToDictionary(task => task.Id, task => task.Upstream.Where(kept.Contains).ToArray(), StringComparer.Ordinal));
    }

    /// <summary>The DAG of this version without functions, for a process that does not have its code: it can be asked and operated on, not run.</summary>
    public Dag ToDag(string dagId) => new(
        new DagBuilder(dagId) { Params = [.. (_stored.Params ?? []).Select(param => new DagParam(param.Name, param.Default, param.Schema))] },
        [.. _stored.Tasks.Select(task => new DagTask(task.Id, (_, _) => throw new InvalidOperationException("This process does not have the code of the task."))
        {
            TriggerRule = StateNames.ParseTriggerRule(task.TriggerRule),
            Retries = task.Retries,
            Timeout = TimeSpan.FromSeconds(task.TimeoutSeconds),
            Pool = task.Pool,
            PoolSlots = task.PoolSlots,
            PriorityWeight = task.PriorityWeight,
            WeightRule = StateNames.ParseWeightRule(task.WeightRule),
            Owner = task.Owner,
            Outlets = [.. (task.Outlets ?? []).Select(name => new Asset(name))],
        })],
        _stored.Tasks.ToDictionary(task => task.Id, task => task.Upstream, StringComparer.Ordinal));

    private sealed record StoredDag(string Timetable, StoredTask[] Tasks, StoredParam[]? Params);

    private sealed record StoredTask(
        string Id,
        string[] Upstream,
        string TriggerRule,
        int Retries,
        double TimeoutSeconds,
        string Pool,
        int PoolSlots,
        int PriorityWeight,
        string WeightRule,
        string Owner,
        string[]? Outlets);

    private sealed record StoredParam(string Name, string? Default, string? Schema);
}

/// <summary>One version of a DAG; runs keep the one that they began with.</summary>
/// <param name="Number">Counted from 1 within the DAG.</param>
/// <param name="Structure">JSON: the tasks with their upstream tasks and settings.</param>
public sealed record DagVersion(long Id, string DagId, int Number, string Hash, DateTimeOffset CreatedAt, string Structure);
