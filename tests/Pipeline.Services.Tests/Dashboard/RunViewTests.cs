using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Live;
using Pipeline.Dashboard.Page;
using Pipeline.Dashboard.Views;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>The pure parts of the pages about runs, and who may act there.</summary>
public sealed class RunViewTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void RunTimes_OfRunsThatSucceeded_AreMedianAndP95ByRank()
    {
        var runs = Enumerable.Range(1, 20).Select(i => Run(DagRunState.Success, i)).Append(Run(DagRunState.Failed, 500)).Append(Run(DagRunState.Running, null));

        var times = RunTimes.Of(runs);

        Assert.Equal((10, 19, 20), (times.Median, times.P95, times.Counted));
        Assert.Null(RunTimes.Of([Run(DagRunState.Failed, 3)]).Median);
    }

    [Fact]
    public void RunTimes_Chart_KeepsFailedRunsApart()
    {
        var chart = RunTimes.Chart([Run(DagRunState.Failed, 9), Run(DagRunState.Success, 4)], _ => "x");

        Assert.Equal(["success", "failed", "median", "p95"], chart.Series.Select(s => s.Name));
        Assert.Equal([4, null], chart.Series[0].Values);
        Assert.Equal([null, 9], chart.Series[1].Values);
        Assert.Equal([4, 4], chart.Series[2].Values);
    }

    [Fact]
    public void Graph_OfADiamond_HasEachTaskBehindAllThatItWaitsFor()
    {
        var layout = GraphLayout.Of(new DagBuilder("d").Add(Task("a")).Add(Task("b")).Add(Task("c")).Add(Task("d")).Chain("a", "b", "d").Chain("a", "c", "d").Build());

        var places = layout.Nodes.ToDictionary(n => n.TaskId);
        Assert.All(layout.Edges, edge => Assert.True(places[edge.From].X + GraphLayout.NodeWidth < places[edge.To].X));
        Assert.Equal(4, layout.Edges.Count);
        Assert.Equal(places["b"].X, places["c"].X);
        Assert.NotEqual(places["b"].Y, places["c"].Y);
        Assert.Equal(places["a"].Y, places["d"].Y);
        Assert.InRange(layout.Nodes.Max(n => n.Y) + GraphLayout.NodeHeight, 1, layout.Height);
    }

    [Fact]
    public void Gantt_OfARun_PlacesTriesOnItsTime()
    {
        var run = Run(DagRunState.Running, null) with { StartDate = Start };
        var first = new TaskInstance { DagId = "d", RunId = "r", TaskId = "a", MaxTries = 0, State = TaskInstanceState.Success, ScheduledAt = Start, StartDate = Start.AddSeconds(1), EndDate = Start.AddSeconds(5) };
        var second = first with { TaskId = "b", State = TaskInstanceState.Running, ScheduledAt = Start.AddSeconds(5), StartDate = Start.AddSeconds(5), EndDate = null };
        var third = first with { TaskId = "c", State = TaskInstanceState.None, ScheduledAt = null, StartDate = null, EndDate = null };

        var (from, to, rows) = GanttRow.Of(new GridRun(run, [first, second, third]), Start.AddSeconds(10));

        Assert.Equal((Start, Start.AddSeconds(10)), (from, to));
        Assert.Equal((0, 0.1, 0.5), (rows[0].Wait, rows[0].Start, rows[0].End));
        Assert.Equal((0.5, 0.5, 1), (rows[1].Wait, rows[1].Start, rows[1].End));
        Assert.Equal((null, null, null), (rows[2].Wait, rows[2].Start, rows[2].End));
    }

    [Theory]
    [InlineData("""{"type": "integer", "minimum": 1}""", "5", "Integer", "5")]
    [InlineData("""{"type": "number"}""", "0.5", "Number", "0.5")]
    [InlineData("""{"type": "boolean"}""", "true", "Boolean", "true")]
    [InlineData("""{"type": "string"}""", "\"a b\"", "Text", "a b")]
    [InlineData("""{"enum": ["x", 2]}""", "\"x\"", "Choice", "\"x\"")]
    [InlineData("""{"type": ["string", "null"]}""", "null", "Json", "null")]
    [InlineData(null, "{\"a\":1}", "Json", "{\"a\":1}")]
    public void ParamField_OfASchema_IsOfItsKind(string? schema, string @default, string kind, string shown)
    {
        var field = ParamField.Of(new DagParam("p", @default, schema));

        Assert.Equal((kind, shown), (field.Kind.ToString(), field.Default));
        Assert.Null(ParamField.ToConf([(field, field.Default)]));
    }

    [Fact]
    public void ParamField_Filled_BecomesTheConf()
    {
        var number = ParamField.Of(new DagParam("n", "5", """{"type": "integer"}"""));
        var text = ParamField.Of(new DagParam("t", "\"x\"", """{"type": "string"}"""));
        var any = ParamField.Of(new DagParam("any", null));

        var conf = ParamField.ToConf([(number, "7"), (text, "x"), (any, "[1, 2]")]);

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("""{"n": 7, "any": [1, 2]}"""), JsonElement.Parse(conf!)));
        Assert.Contains("'n' must be a whole number", Assert.Throws<FormatException>(() => ParamField.ToConf([(number, "seven")])).Message, StringComparison.Ordinal);
        Assert.Contains("'any' must be JSON", Assert.Throws<FormatException>(() => ParamField.ToConf([(any, "{")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Actors_ByRole_LetOperatorsActUnderTheirName()
    {
        using var actors = new PageActors();

        var actor = actors.Begin(Person("ada", ApiRoles.Operator), "ada", ApiRoles.Operator, "  because  ");

        Assert.Equal(new Actor("ada", "because", TriggeredBy.Ui), actor);
        Assert.Equal("bob", actors.Begin(Person("bob", ApiRoles.Admin), "bob", ApiRoles.Operator, null).Name);
        Assert.Throws<ActionRefusedException>(() => actors.Begin(Person("eve", ApiRoles.Viewer), "eve", ApiRoles.Operator, null));
        Assert.Throws<ActionRefusedException>(() => actors.Begin(new ClaimsPrincipal(new ClaimsIdentity()), "", ApiRoles.Operator, null));
    }

    [Fact]
    public void Actors_TooManyActions_AreRefusedForThatPersonAlone()
    {
        using var actors = new PageActors();
        for (var i = 0; i < PageActors.PerMinute; i++)
        {
            actors.Begin(Person("ada", ApiRoles.Operator), "ada", ApiRoles.Operator, null);
        }

        Assert.Throws<ActionRefusedException>(() => actors.Begin(Person("ada", ApiRoles.Operator), "ada", ApiRoles.Operator, null));
        actors.Begin(Person("bob", ApiRoles.Operator), "bob", ApiRoles.Operator, null);
    }

    [Fact]
    public void Caller_WithoutAName_IsTheAddress()
    {
        var here = new DefaultHttpContext { User = Person(ApiRoles.Anonymous, ApiRoles.Admin) };
        here.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.1");
        var named = new DefaultHttpContext { User = Person("ada", ApiRoles.Admin) };
        named.Connection.RemoteIpAddress = here.Connection.RemoteIpAddress;

        Assert.Equal("address 192.0.2.1", PageLimits.CallerOf(here));
        Assert.Equal("name ada", PageLimits.CallerOf(named));
    }

    private static ClaimsPrincipal Person(string name, string role) => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role)], "test"));

    private static DagTask Task(string id) => new(id, (_, _) => System.Threading.Tasks.Task.CompletedTask);

    private static DagRun Run(DagRunState state, double? seconds) => new()
    {
        DagId = "d",
        RunId = "r",
        Type = DagRunType.Manual,
        DataInterval = new DataInterval(Start, Start),
        State = state,
        QueuedAt = Start,
        RunAfter = Start,
        StartDate = Start,
        EndDate = seconds is { } s ? Start.AddSeconds(s) : null,
        TriggeredBy = TriggeredBy.Ui,
    };
}
