using System.CommandLine;
using Pipeline.Standalone.Dags;

namespace Pipeline.Standalone.CommandLine;

/// <summary>The commands <c>dags</c> and <c>tasks</c>, in the words of Airflow's command line.</summary>
internal static class DagCommandLine
{
    public static Command Dags(Func<ParseResult, HostSettings> settings)
    {
        var list = new Command("list", "List the DAGs, and those that could not be built.");
        list.SetAction((parse, token) => DagsCommands.ListAsync(settings(parse), token));
        return new Command("dags", "List, show, trigger, pause, backfill and test DAGs.")
        {
            list, Show(settings), Trigger(settings), Pause(settings, "pause", "Let a DAG start no more runs.", paused: true), Pause(settings, "unpause", "Let a DAG start runs again.", paused: false), Backfill(settings), Test(settings),
        };
    }

    public static Command Tasks(Func<ParseResult, HostSettings> settings) => new("tasks", "Clear task instances, and read their logs.") { Clear(settings), Logs(settings) };

    private static Command Show(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var dot = new Option<bool>("--dot") { Description = "As a graph for Graphviz." };
        var command = new Command("show", "Show the tasks of a DAG and what waits for what.") { dag, dot };
        command.SetAction((parse, token) => DagsCommands.ShowAsync(settings(parse), parse.GetRequiredValue(dag), parse.GetValue(dot), token));
        return command;
    }

    private static Command Trigger(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var runId = Text("--run-id", "-r", "The run's id. Default: manual__ and the time.");
        var date = Text("--logical-date", "-l", "The run's logical date, with an offset: 2026-01-31T12:00:00Z.");
        var conf = Text("--conf", "-c", "A JSON object for the tasks.");
        var note = Text("--note", "-n", "A note on the run.");
        var wait = new Option<bool>("--wait", "-w") { Description = "Wait until the run has ended; exit code 1 when it failed." };
        var command = new Command("trigger", "Trigger a run of a DAG.") { dag, runId, date, conf, note, wait };
        command.SetAction((parse, token) => DagsCommands.TriggerAsync(
            settings(parse),
            new TriggerArguments(parse.GetRequiredValue(dag), parse.GetValue(runId), parse.GetValue(date), parse.GetValue(conf), parse.GetValue(note), parse.GetValue(wait)),
            token));
        return command;
    }

    private static Command Pause(Func<ParseResult, HostSettings> settings, string name, string description, bool paused)
    {
        var dag = DagId();
        var command = new Command(name, description) { dag };
        command.SetAction((parse, token) => DagsCommands.PauseAsync(settings(parse), parse.GetRequiredValue(dag), paused, token));
        return command;
    }

    private static Command Backfill(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var from = new Option<string>("--from-date") { Description = "The first logical date, with an offset.", Required = true };
        var to = new Option<string>("--to-date") { Description = "The last logical date, inclusive.", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say which runs there would be." };
        var backwards = new Option<bool>("--run-backwards") { Description = "The latest first." };
        var reprocess = new Option<string>("--reprocess-behavior") { Description = "What to do where there is a run: none leaves it, failed and completed run it again. Default: none", DefaultValueFactory = _ => "none" };
        reprocess.AcceptOnlyFromAmong("none", "failed", "completed");
        var active = new Option<int>("--max-active-runs") { Description = "Runs at once. Default: 10", DefaultValueFactory = _ => 10 };
        var conf = Text("--dag-run-conf", null, "A JSON object for the tasks.");
        var noWait = new Option<bool>("--no-wait") { Description = "Do not wait for its end." };
        var command = new Command("backfill", "Run a DAG for intervals that have passed, and follow it; Ctrl-C ends the following, not the backfill.") { dag, from, to, dryRun, backwards, reprocess, active, conf, noWait };
        command.SetAction((parse, token) => DagsCommands.BackfillAsync(
            settings(parse),
            new BackfillArguments(
                parse.GetRequiredValue(dag), parse.GetRequiredValue(from), parse.GetRequiredValue(to), parse.GetValue(dryRun), parse.GetValue(backwards), parse.GetRequiredValue(reprocess),
                parse.GetValue(active), parse.GetValue(conf), !parse.GetValue(noWait)),
            token));
        return command;
    }

    private static Command Test(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var date = new Argument<string?>("logical_date") { Description = "The run's logical date, with an offset. Default: now", Arity = ArgumentArity.ZeroOrOne };
        var conf = Text("--conf", "-c", "A JSON object for the tasks.");
        var command = new Command("test", "Run one run of a DAG in this process, in a temporary data directory; nothing of it is kept.") { dag, date, conf };
        command.SetAction((parse, token) => DagTestCommand.RunAsync(settings(parse), parse.GetRequiredValue(dag), parse.GetValue(date), parse.GetValue(conf), token));
        return command;
    }

    private static Command Clear(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var tasks = new Option<string[]>("--task-ids", "-t") { Description = "Only these tasks.", AllowMultipleArgumentsPerToken = true };
        var runId = Text("--run-id", "-R", "Only of this run.");
        var start = Text("--start-date", "-s", "Only of runs with this logical date or a later one.");
        var end = Text("--end-date", "-e", "Only of runs with this logical date or an earlier one.");
        var failed = new Option<bool>("--only-failed", "-f") { Description = "Only what failed." };
        var running = new Option<bool>("--only-running", "-r") { Description = "Only what is running." };
        var upstream = new Option<bool>("--upstream", "-u") { Description = "Also what the tasks wait for." };
        var downstream = new Option<bool>("--downstream") { Description = "Also what waits for the tasks." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("clear", "Make task instances run again.") { dag, tasks, runId, start, end, failed, running, upstream, downstream, yes };
        command.SetAction((parse, token) => TasksCommands.ClearAsync(
            settings(parse),
            new ClearArguments(
                parse.GetRequiredValue(dag), parse.GetValue(tasks) ?? [], parse.GetValue(runId), parse.GetValue(start), parse.GetValue(end), parse.GetValue(failed), parse.GetValue(running),
                parse.GetValue(upstream), parse.GetValue(downstream), parse.GetValue(yes)),
            token));
        return command;
    }

    private static Command Logs(Func<ParseResult, HostSettings> settings)
    {
        var dag = DagId();
        var run = new Argument<string>("run_id");
        var task = new Argument<string>("task_id");
        var number = new Option<int?>("--try-number") { Description = "Which try. Default: the last" };
        var follow = new Option<bool>("--follow", "-F") { Description = "Go on until the try has ended." };
        var command = new Command("logs", "Show what a try of a task logged.") { dag, run, task, number, follow };
        command.SetAction((parse, token) => TasksCommands.LogsAsync(
            settings(parse), new LogsArguments(parse.GetRequiredValue(dag), parse.GetRequiredValue(run), parse.GetRequiredValue(task), parse.GetValue(number), parse.GetValue(follow)), token));
        return command;
    }

    private static Argument<string> DagId() => new("dag_id");

    private static Option<string?> Text(string name, string? alias, string description) => alias is null ? new(name) { Description = description } : new(name, alias) { Description = description };
}
