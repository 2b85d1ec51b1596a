using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Dashboard.Views;

namespace Pipeline.Services.Tests.Dashboard;

public sealed partial class MapCountryTests
{
    // Of a map that is 1000 wide. No country but Antarctica, which goes round the pole, has a border as long and straight as that.
    private const double LongestStep = 300;

    [Fact]
    public void All_CountriesOnBothSidesOfTheDateLine_AreNotDrawnAcrossTheMap()
    {
        var torn = MapCountry.All.Where(country => country.Code != "AQ" && Rings(country.Path).Any(IsTorn)).Select(country => country.Name);

        Assert.Empty(torn);
        Assert.Contains(MapCountry.All, country => country.Code == "FJ" && Rings(country.Path).Count() > 1);
    }

    private static bool IsTorn(double[] x) => x.Zip(x.Skip(1).Append(x[0])).Any(step => Math.Abs(step.First - step.Second) > LongestStep);

    /// <summary>The x of each point. A ring is a point and steps from there: <c>M10 20l1-1 0 2z</c>.</summary>
    private static IEnumerable<double[]> Rings(string path)
    {
        foreach (var ring in path.Split('z', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Matches(Ring(), ring);
            var steps = Number().Matches(ring).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)).Where((_, i) => i % 2 == 0);
            var x = 0.0;
            yield return [.. steps.Select(step => x += step)];
        }
    }

    [GeneratedRegex(@"^M[\d.]+ [\d.]+l[-\d. ]+$")]
    private static partial Regex Ring();

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();
}
