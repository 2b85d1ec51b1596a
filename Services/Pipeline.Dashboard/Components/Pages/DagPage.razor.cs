using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Pipeline.Dashboard.Components.Runs;
using Pipeline.Dashboard.Views;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Metadata;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Components.Pages;

/// <summary>What can be done on the page of a DAG. Each asks first, in a dialog that shows what it will change.</summary>
public sealed partial class DagPage
{
    private Opened _opened;
    private int _openings;
    private PageAction? _action;
    private string? _message;
    private bool _mayAct;

    private enum Opened
    {
        Nothing,
        Trigger,
        Backfill,
        Action,
    }

    [Parameter]
    public string DagId { get; set; } = "";

    [SupplyParameterFromQuery(Name = "run")]
    public string? Run { get; set; }

    [SupplyParameterFromQuery(Name = "task")]
    public string? TaskName { get; set; }

    [SupplyParameterFromQuery(Name = "try")]
    public int? Try { get; set; }

    [SupplyParameterFromQuery(Name = "runs")]
    public int? Runs { get; set; }

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    [Inject]
    private DagOperations Operations { get; set; } = null!;

    [CascadingParameter]
    private Task<AuthenticationState>? Authentication { get; set; }

    protected override Func<DagQuestion, CancellationToken, ValueTask<DagView>> Reader => Dags.ReadAsync;

    protected override DagQuestion GetQuery() => new(
        DagId,
        Run.OrNull(),
        TaskName.OrNull(),
        Runs is { } runs && DagReader.GridSizes.Contains(runs) ? runs : DagReader.GridSizes[0]);

    protected override async Task OnInitializedAsync()
        => _mayAct = Authentication is not null && ApiRoles.Holds((await Authentication).User, ApiRoles.Operator);

    private string LinkTo(string runId, string? taskId) => Link(("run", runId), ("task", taskId), ("try", null));

    private void Ask(PageAction action)
    {
        _action = action;
        Open(Opened.Action);
    }

    // Each opening is a dialog of its own: one that the person has just closed may still stand in the page, and would stay closed.
    private void Open(Opened dialog) => (_opened, _openings, _message) = (dialog, _openings + 1, null);

    private void Finish(string? message) => (_opened, _action, _message) = (Opened.Nothing, null, message ?? _message);

    private async Task TriggeredAsync(DagRun? run)
    {
        Finish(run is null ? null : $"The run {run.RunId} is queued.");
        if (run is not null)
        {
            // Only if the person is still here: who has gone on meanwhile must not be fetched back.
            await Js.InvokeVoidAsync("pipelinePage.go", Navigation.Uri, LinkTo(run.RunId, null));
        }
    }

    private PageAction Pause(DagSummary dag) => new(
        $"Pause {dag.DagId}", "Pause", "No further run starts, and no further task of those under way. Tries under way end.", [],
        async (actor, cancellationToken) =>
        {
            await Operations.PauseAsync(dag.DagId, true, actor, cancellationToken);
            return "The DAG is paused.";
        });

    private PageAction Resume(DagSummary dag) => new(
        $"Resume {dag.DagId}", "Resume", dag.Catchup ? "The runs that it has missed meanwhile are made up for." : "It goes on with the latest interval; those that it has missed meanwhile can be backfilled.", [],
        async (actor, cancellationToken) =>
        {
            await Operations.PauseAsync(dag.DagId, false, actor, cancellationToken);
            return "The DAG is resumed.";
        });

    private async Task AskToClearAsync(DagRun run, IReadOnlyList<string> taskIds, bool onlyFailed, bool downstream)
    {
        var request = new ClearRequest { DagId = run.DagId, RunIds = [run.RunId], TaskIds = taskIds, OnlyFailed = onlyFailed, IncludeDownstream = downstream };
        var (title, verb) = onlyFailed ? ("Retry failed tasks", "Retry") : ("Clear tasks", "Clear");
        try
        {
            var affected = (await Operations.ClearAsync(request with { DryRun = true }, new Actor("page"), CancellationToken.None)).TaskInstances;
            Ask(new PageAction(
                title,
                verb,
                affected.Count == 0 ? "Nothing would run again." : $"{affected.Count} task {(affected.Count == 1 ? "instance runs" : "instances run")} again, and the run is queued; what has succeeded otherwise stays.",
                affected,
                async (actor, cancellationToken) =>
                {
                    var cleared = await Operations.ClearAsync(request, actor, cancellationToken);
                    return $"{cleared.TaskInstances.Count} task {(cleared.TaskInstances.Count == 1 ? "instance runs" : "instances run")} again.";
                }));
        }
        catch (Exception e) when (e is DagOperationException or MetadataStoreException)
        {
            Ask(new PageAction(title, verb, "It cannot be told what would run again.", [], (_, _) => Task.FromResult("")) { Refusal = e.Message });
        }
    }

    private PageAction Mark(GridRun run, DagRunState state) => new(
        $"Mark the run {state.ToWireName()}", $"Mark {state.ToWireName()}",
        state == DagRunState.Failed ? "Tries under way are cancelled, and tasks that have not ended are skipped." : "Tries under way are cancelled, and tasks that have not ended count as done, although they did nothing.",
        [.. run.Tasks.Where(task => !task.State.IsFinished())],
        async (actor, cancellationToken) =>
        {
            await Operations.MarkRunAsync(run.Run.DagId, run.Run.RunId, state, actor, cancellationToken);
            return $"The run is marked {state.ToWireName()}.";
        })
    { IsDangerous = true };

    private PageAction MarkTask(TaskInstance task, TaskInstanceState state) => new(
        $"Mark {task.TaskId} {state.ToWireName()}", $"Mark {state.ToWireName()}", "A try under way is cancelled. What follows in the run goes by this state.", [task],
        async (actor, cancellationToken) =>
        {
            var request = new MarkTasksRequest { DagId = task.DagId, RunId = task.RunId, TaskIds = [task.TaskId], State = state };
            await Operations.MarkTasksAsync(request, actor, cancellationToken);
            return $"{task.TaskId} is marked {state.ToWireName()}.";
        })
    { IsDangerous = true };
}
