using Pipeline.Scheduling;

internal static class HelloDag
{
    public static Dag Build(IServiceProvider services)
        => new DagBuilder("hello") { Timetable = Timetable.Cron("0 2 * * *", "Europe/Berlin"), Params = [new DagParam("name", "\"world\"")] }
            .Add(new DagTask("greet", (context, _) => { context.Push("greeting", $"hello {context.Param<string>("name")}"); return Task.CompletedTask; }) { Retries = 2 })
            .Add(new DagTask("report", (context, _) => { context.Push("day", context.DataInterval.Start); return Task.CompletedTask; }))
            .Chain("greet", "report").Build();
}
