using System.Text;
using Pipeline.Contracts;
using Pipeline.Dashboard.Page;
using Pipeline.Dashboard.Status;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>The pure parts of the pages.</summary>
public sealed class ViewTests
{
    [Theory]
    [InlineData(0, 0, 0, Pressure.Idle)]
    [InlineData(100, 100, 20, Pressure.Flowing)]
    [InlineData(100, 0, 90, Pressure.Flowing)]
    [InlineData(0, 0, 5000, Pressure.Blocked)]
    [InlineData(100, 0, 5000, Pressure.Blocked)]
    [InlineData(100, 50, 5000, Pressure.FallingBehind)]
    [InlineData(100, 500, 5000, Pressure.CatchingUp)]
    public void Flow_RatesAndWaiting_SayHowItDoes(double ingested, double stored, long waiting, Pressure expected)
        => Assert.Equal(expected, FlowState.OfProcessor(new Rates(ingested, stored), waiting));

    [Fact]
    public void Flow_TimeToClear_IsWhatTheDifferenceOfTheRatesGives()
    {
        Assert.Equal(10, FlowState.SecondsToClear(new Rates(100, 600), 5000));
        Assert.Null(FlowState.SecondsToClear(new Rates(100, 100), 5000));
        Assert.Equal(0, FlowState.SecondsToClear(new Rates(100, 0), 0));
    }

    [Fact]
    public void Text_WithHiddenCharacters_ShowsThem()
    {
        Assert.Equal("a⟨202E⟩b⟨0000⟩c⟨001B⟩d", ForeignText.Visible("a\u202Eb\0c\u001Bd"));
        Assert.Equal("سلام دنیا", ForeignText.Visible("سلام دنیا"));
        Assert.Equal("क्\u200Dष", ForeignText.Visible("क्\u200Dष"));
    }

    [Fact]
    public void Text_TooLong_IsCutBetweenCharacters()
    {
        Assert.Equal("ab…", ForeignText.Visible("ab😀", 3));
        Assert.Equal("ab😀", ForeignText.Visible("ab😀", 4));
    }

    [Theory]
    [InlineData("héllo", 1, "h", "é", "llo")]
    [InlineData("hello", 4, "hell", "o", "")]
    [InlineData("hello", 5, "hello", "", "")]
    [InlineData("hello", 99, "hello", "", "")]
    [InlineData("hello", -1, "", "", "hello")]
    public void Bytes_OfText_ShowTheErrorInItsPlace(string text, int error, string before, string at, string after)
        => Assert.Equal(new ByteWindow(before, at, after, 0, 0, true), ByteWindow.Around(Encoding.UTF8.GetBytes(text), error));

    [Fact]
    public void Bytes_ThatAreNotText_AreShownAsBytes()
        => Assert.Equal(new ByteWindow("ab", "‹C3›", "( ‹00›", 0, 0, false), ByteWindow.Around([(byte)'a', (byte)'b', 0xC3, (byte)'(', (byte)' ', 0], 2));

    [Fact]
    public void Bytes_OfALongValue_AreShownAroundTheError()
    {
        var value = Encoding.UTF8.GetBytes(new string('ä', 1_000_000));

        var window = ByteWindow.Around(value, 1_000_001);

        Assert.Equal("ä", window.At);
        Assert.InRange(window.Before.Length + window.After.Length, 2000, 4200);
        Assert.Equal(value.Length, window.SkippedBefore + window.SkippedAfter + Encoding.UTF8.GetByteCount(window.Before + window.At + window.After));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"x\"", "\"say \"\"x\"\"\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@x,y", "\"'@x,y\"")]
    public void Csv_Field_IsNeverAFormula(string text, string expected) => Assert.Equal(expected, Csv.Field(text));

    [Theory]
    [InlineData("users_topic/1/42/1700000000000", true)]
    [InlineData("users_topic/1/42", false)]
    [InlineData("users_topic/x/42/1", false)]
    [InlineData("/1/42/1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Place_FromAnAddress_IsReadOrRefused(string? text, bool expected)
    {
        Assert.Equal(expected, DeadLetterPlace.TryParse(text, out var place));
        Assert.True(!expected || place == new DeadLetterPlace("users_topic", 1, 42, 1_700_000_000_000));
    }

    [Fact]
    public void Series_OfWindows_MergeWhatIsInOneWindowAndLeaveGaps()
    {
        const long Minute = 60_000;
        WindowResult[] windows = [Window("a", 0, 2), Window("a", 2 * Minute, 3), Window("b", 2 * Minute, 5), Window("c", 0, 1)];

        var spec = WindowSeries.Of("bar", windows, "minute", 0, 3 * Minute, t => $"{t:mm}", a => a.Count, missing: null, maxSeries: 2);

        Assert.Equal(["00", "01", "02"], spec.Labels);
        Assert.Equal(["a", "b", "1 others"], spec.Series.Select(s => s.Name));
        Assert.Equal(new double?[] { 2, null, 3 }, spec.Series[0].Values);
        Assert.Equal(new double?[] { null, null, 5 }, spec.Series[1].Values);
        Assert.Equal(SeriesColours.Others, spec.Series[2].Colour);
    }

    [Fact]
    public void Series_OfEventTypes_HaveAColourEachAndErrorTheRed()
    {
        const string Red = "--c5";
        var types = ContractModel.Embedded.Topics.SelectMany(topic => topic.EventTypes).ToArray();
        var all = WindowSeries.Of("bar", [.. types.Select(type => Window(type, 0, 1))], "minute", 0, 60_000, t => "", a => a.Count, missing: 0).Series;
        var alone = WindowSeries.Of("line", [Window("error", 0, 1)], "minute", 0, 60_000, t => "", a => a.Count, missing: 0).Series;

        Assert.DoesNotContain(null, all.Select(s => s.Colour));
        Assert.Distinct(all.Select(s => s.Colour));
        Assert.Equal(Red, all.Single(s => s.Name == "error").Colour);
        Assert.Equal(Red, Assert.Single(alone).Colour);
    }

    [Theory]
    [InlineData(3, "-1,32 0,28 1,15 2,2 3,32")]
    [InlineData(2, "-1,32 0,15 1,2 2,32")]
    [InlineData(5, "2,32 2,28 3,15 4,2 5,32")]
    public void Course_OfThreeValues_EndsAtTheRightAndFillsTheFoot(int length, string expected)
        => Assert.Equal(expected, Course.Points([0, 5, 10], length));

    [Fact]
    public void Course_OfOneValue_IsNone() => Assert.Equal("", Course.Points([7], 10));

    [Fact]
    public void HeatMap_OfHours_CountsByLocalWeekdayAndHour()
    {
        var saturday = new DateTimeOffset(2026, 5, 2, 23, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        var map = HeatMap.Of([Window("all", saturday, 10), Window("all", saturday + (7 * 86_400_000L), 10), Window("all", saturday + 3_600_000, 1)], t => t.AddHours(2));

        Assert.Equal((20, 5), (map.At(6, 1), map.ShadeAt(6, 1)));
        Assert.Equal((1, 1), (map.At(6, 2), map.ShadeAt(6, 2)));
        Assert.Equal((0, 0), (map.At(5, 23), map.ShadeAt(5, 23)));
    }

    [Theory]
    [InlineData(1, "100 %")]
    [InlineData(0.999999, "> 99.99 %")]
    [InlineData(0.5, "50 %")]
    [InlineData(0.00001, "< 0.01 %")]
    [InlineData(0, "0 %")]
    public void Percent_NearlyAll_NeverReadsAsAll(double share, string expected) => Assert.Equal(expected, Figures.Percent(share));

    private static WindowResult Window(string value, long start, long count)
        => new("events", "event_type", value, "minute", start, new Aggregate(count, count, count, 1, 1), IsFinal: true, IsLateUpdate: false, []);

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", null)]
    [InlineData("00-javascript:alert(1)/////////////-b7ad6b7169203331-01", null)]
    [InlineData("none", null)]
    public void Trace_OfARecordsHeaders_IsOnlyWhatIsOne(string traceParent, string? expected)
        => Assert.Equal(expected, Pipeline.Dashboard.Components.Parts.TraceLine.TraceIdOf([new("other", "x"), new("traceparent", traceParent)]));

    [Theory]
    [InlineData("http://localhost:18888/traces/detail/{trace_id}", "https://superset.example", 0)]
    [InlineData("http://localhost:18888/traces", null, 1)]
    [InlineData("javascript:alert('{trace_id}')", "superset", 2)]
    public void Links_ToOtherTools_MustBeOfTheWeb(string traceUrl, string? superset, int errors)
        => Assert.Equal(errors, new Pipeline.Dashboard.DashboardOptionsValidator().Validate(null, new Pipeline.Dashboard.DashboardOptions { TraceUrl = traceUrl, Superset = superset }).Failures?.Count() ?? 0);
}
