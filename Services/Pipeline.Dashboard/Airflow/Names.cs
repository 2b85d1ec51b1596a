using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Airflow's words as the model has them; <see langword="null"/> for a word that is not one.</summary>
internal static class Names
{
    public static DagRunState? RunState(string name) => Find(name, StateNames.ParseDagRunState);

    public static DagRunType? RunType(string name) => Find(name, StateNames.ParseDagRunType);

    /// <summary>Airflow says <c>no_status</c>, <c>none</c> or <c>null</c> for a task instance that is not scheduled yet.</summary>
    public static TaskInstanceState? TaskState(string name) => name is "no_status" or "null" ? TaskInstanceState.None : Find(name, StateNames.ParseTaskInstanceState);

    public static ReprocessBehavior? Reprocess(string name) => Find(name, StateNames.ParseReprocessBehavior);

    /// <summary>States that Airflow has and this pipeline never sets: a filter for them is no mistake, and finds nothing.</summary>
    public static bool IsForeignTaskState(string name) => name is "restarting" or "up_for_reschedule" or "deferred";

    private static T? Find<T>(string name, Func<string, T> parse)
        where T : struct
    {
        try
        {
            return parse(name);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
