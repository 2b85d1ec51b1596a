using System.Buffers;
using Pipeline.Contracts;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>Several choices at once on the page of analytics.</summary>
public sealed class CrossFilterTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void Selection_ByTwoDimensions_CountsWhatIsBoth()
    {
        var selection = Select(new CrossFilter(Nationality: "DE", Gender: "female"), "events", "event_type");

        Assert.Equal((6, 2), (selection.Read, selection.Taken));
        Assert.Equal([("login", 0L, 1L), ("view", Hour, 1L)], selection.Windows().Select(w => (w.Value, w.WindowStart, w.Aggregate.Count)));
        Assert.Equal([(0L, 1L), (Hour, 1L)], selection.Hours().Select(w => (w.WindowStart, w.Aggregate.Count)));
    }

    [Fact]
    public void Selection_Facets_CountAsIfNothingWereChosenOfTheirOwn()
    {
        var selection = Select(new CrossFilter(Nationality: "DE", Gender: "female"), "events", "all");

        Assert.Equal([("female", 2L), ("male", 1L)], Facet("gender"));
        Assert.Equal([("DE", 2L), ("FR", 1L)], Facet("nationality"));
        Assert.Equal([("login", 1L), ("view", 1L)], Facet("event_type"));

        IEnumerable<(string, long)> Facet(string dimension) => selection.Facet(dimension).Select(f => (f.Key, f.Value));
    }

    [Fact]
    public void Selection_OfAges_IsOfEventsThatHaveOne()
    {
        var selection = Select(new CrossFilter(Gender: "female"), "age", "all");

        Assert.Equal(3, selection.Taken);
        var window = Assert.Single(selection.Windows());
        Assert.Equal((1L, 42.0), (window.Aggregate.Count, window.Aggregate.Mean));
        var bin = Assert.Single(AgeHistogram.Of(selection.Ages.Select(a => KeyValuePair.Create((long)a.Key, a.Value))));
        Assert.Equal(("40–44", 1L), (bin.Key, bin.Value));
    }

    [Fact]
    public void Ages_OfASketch_AreExact()
    {
        var sketch = new QuantileSketch();
        foreach (var age in new[] { 18, 19, 20, 34, 100, 119 })
        {
            sketch.Add(age);
        }

        var bytes = new ArrayBufferWriter<byte>();
        sketch.WriteTo(bytes);

        var ages = SketchBytes.Counts([bytes.WrittenSpan.ToArray(), bytes.WrittenSpan.ToArray()]);
        Assert.Equal([18, 19, 20, 34, 100, 119], ages.Select(a => a.Key));
        var bins = AgeHistogram.Of(ages);
        Assert.Equal(("15–19", 4L), (bins[0].Key, bins[0].Value));
        Assert.Equal(("115–119", 2L), (bins[^1].Key, bins[^1].Value));
        Assert.Equal(12, bins.Sum(b => b.Value));
    }

    [Theory]
    [InlineData("2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z", 10, 11)]
    [InlineData("2026-05-01T10:00:00Z", null, 10, null)]
    [InlineData(null, "2026-05-01T11:00:00Z", 10, 11)]
    [InlineData("2026-05-01T11:00:00Z", "2026-05-01T10:00:00Z", null, null)]
    [InlineData("nonsense", null, null, null)]
    public void Question_BetweenInstants_FillsWhatIsMissing(string? from, string? to, int? fromHour, int? toHour)
    {
        var question = new AnalyticsQuestion("1h", "events", "all").Between(from, to);

        Assert.Equal((At(fromHour), At(toHour)), (question.From, question.To));

        static long? At(int? hour) => hour is { } h ? new DateTimeOffset(2026, 5, 1, h, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() : null;
    }

    [Fact]
    public void Filter_OfTheDrawnDimensionAlone_IsInTheWindows()
    {
        var question = new AnalyticsQuestion("1h", "events", "nationality");

        Assert.True(AnalyticsReader.IsInWindows(question));
        Assert.True(AnalyticsReader.IsInWindows(question with { Filter = new(Nationality: "DE") }));
        Assert.False(AnalyticsReader.IsInWindows(question with { Filter = new(Nationality: "DE", Gender: "male") }));
        Assert.False(AnalyticsReader.IsInWindows(question with { Filter = new(Gender: "male") }));
    }

    private static EventSelection Select(CrossFilter filter, string metric, string by)
    {
        var selection = new EventSelection(filter, metric, by, WindowGrain.Hour);
        foreach (var e in new[]
        {
            Event("login", "DE", "female", 10), Event("view", "DE", "female", Hour + 10), Event("view", "DE", "male", 20),
            Event("login", "FR", "female", 30, Profile(42)), Event("login", "FR", "male", 40), Event("view", "US", "male", 50),
        })
        {
            selection.Add(e);
        }

        return selection;
    }

    private static byte[] Profile(int age)
    {
        var bytes = new ArrayBufferWriter<byte>();
        UserEventJson.Write(bytes, new UserEvent
        {
            EventId = Contracts.EventId.ForFetchedUser("test", "test", 0, 0, 0),
            UserId = Guid.NewGuid(),
            EventTime = 1_767_225_600_000,
            RunId = "r",
            Source = "test",
            FirstName = "Ada",
            LastName = "Byron",
            Email = "ada@example.com",
            Gender = Gender.Female,
            DateOfBirth = 1_767_225_600_000 - (age * 31_557_600_000L) - 86_400_000,
            Age = age,
            Phone = "+1-555-0100",
            Nationality = "FR",
            Address = "1 Street, Town, 12345, France",
            Picture = "https://example.com/api/portraits/med/women/17.jpg",
        });
        return bytes.WrittenSpan.ToArray();
    }

    private static StoredEvent Event(string type, string nationality, string gender, long time, byte[]? data = null)
        => new(Guid.NewGuid(), Guid.NewGuid(), type, time, time + 5, "users_topic", 0, time, nationality, "", "", gender, "unknown", 0, data ?? "{}"u8.ToArray());
}
