using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Pipeline.AppHost.Tests.Superset;

/// <summary>
/// Datasets, charts and dashboards against the schema and against each other. Superset itself checks little of it: a name that is wrong in a chart shows
/// only in the browser, a column that is gone only when a query fails.
/// </summary>
public sealed partial class BundleTests
{
    // One row for every partition of the log: all of them are wanted.
    private const string ReadWhole = "partition_progress";

    private static readonly HashSet<string> TrinoWords = ["varchar", "double", "current_date"];

    public static TheoryData<string> Datasets => [.. Bundle.Datasets.Select(dataset => dataset.Text("table_name"))];

    public static TheoryData<string> Charts => [.. Bundle.Charts.Select(chart => chart.Text("slice_name"))];

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Dataset_ReadsColumnsThatTheSchemaHas(string name)
    {
        var sql = Plain(Dataset(name).Text("sql"));
        var tables = TablesOf(sql);
        Assert.NotEmpty(tables);

        var columns = tables.SelectMany(table => table.Columns).ToHashSet();
        var used = Names(Alias().Replace(sql, ""));
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(columns));
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Dataset_NamesTheWholePartitionKey_SoThatNoTableIsReadWhole(string name)
    {
        var sql = Plain(Dataset(name).Text("sql"));

        Assert.All(
            TablesOf(sql).Where(table => table.Name != ReadWhole),
            table => Assert.All(table.PartitionKey, column => Assert.Matches($@"\b{column}\b (=|IN)", sql)));
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Dataset_ColumnsThatItDeclares_AreThoseThatItSelects(string name)
    {
        var dataset = Dataset(name);
        var selected = Selected(Plain(dataset.Text("sql"))).ToHashSet();
        var plain = dataset.Items("columns").Where(column => column.Texts("expression").FirstOrDefault() is null or "null").Select(column => column.Text("column_name")).ToHashSet();

        Assert.Equal(selected.Order(), plain.Order());
        Assert.Contains(dataset.Text("main_dttm_col"), plain);
        var expressions = dataset.Items("metrics").Concat(dataset.Items("columns")).SelectMany(item => item.Texts("expression")).Where(text => text != "null").Select(Plain);
        Assert.Empty(expressions.SelectMany(Names).Except(plain));
    }

    [Theory]
    [MemberData(nameof(Charts))]
    public void Chart_ShowsColumnsAndMetricsThatItsDatasetHas(string name)
    {
        var chart = Bundle.Charts.Single(chart => chart.Text("slice_name") == name);
        var dataset = Bundle.Datasets.Single(dataset => dataset.Text("uuid") == chart.Text("dataset_uuid"));
        var columns = dataset.Items("columns").Select(column => column.Text("column_name")).ToHashSet();
        var metrics = dataset.Items("metrics").Select(metric => metric.Text("metric_name")).ToHashSet();
        var shown = (YamlMappingNode)chart["params"];

        Assert.Equal(chart.Text("viz_type"), shown.Text("viz_type"));
        string[] ordered = [.. shown.Texts("order_by_cols").Select(order => order.Split('"')[1])];
        string[] filtered = [.. shown.Items("adhoc_filters").Select(filter => filter.Text("subject"))];
        Assert.Empty(new[] { "x_axis", "groupby", "entity", "column", "all_columns" }.SelectMany(shown.Texts).Concat(ordered).Concat(filtered).Except(columns));
        Assert.Empty(shown.Texts("metric").Concat(shown.Texts("metrics")).Except(metrics));
        Assert.Empty(shown.Texts("x_axis_sort").Except(columns.Concat(metrics)));
    }

    // A time filter of the dashboard reaches a chart through this; without it the chart shows everything, whatever is chosen.
    [Theory]
    [MemberData(nameof(Charts))]
    public void Chart_OverTime_FollowsTheTimeFilterOfItsDashboard(string name)
    {
        var chart = Bundle.Charts.Single(chart => chart.Text("slice_name") == name);
        var dataset = Bundle.Datasets.Single(dataset => dataset.Text("uuid") == chart.Text("dataset_uuid"));
        var time = ((YamlMappingNode)chart["params"]).Items("adhoc_filters").Where(filter => filter.Text("operator") == "TEMPORAL_RANGE").Select(filter => filter.Text("subject"));

        Assert.Equal(dataset.Text("table_name") == "progress" ? [] : [dataset.Text("main_dttm_col")], time);
    }

    [Fact]
    public void Dashboards_AreTwo_AndShowEveryChartOnce()
    {
        Assert.Equal(["pipeline-health", "users-and-sessions"], Bundle.Dashboards.Select(dashboard => dashboard.Text("slug")).Order());
        Assert.Equal(
            Bundle.Charts.Select(chart => (chart.Text("uuid"), chart.Text("slice_name"))).Order(),
            Bundle.Dashboards.SelectMany(Placed).Select(placed => (placed["meta"].Text("uuid"), placed["meta"].Text("sliceName"))).Order());
    }

    [Fact]
    public void Dashboard_Rows_FitAndHoldWhatTheySayTheyHold()
    {
        foreach (var dashboard in Bundle.Dashboards)
        {
            var position = (YamlMappingNode)dashboard["position"];
            foreach (var row in position.Children.Values.OfType<YamlMappingNode>().Where(entry => entry.Text("type") == "ROW"))
            {
                Assert.InRange(row.Texts("children").Sum(chart => int.Parse(position[chart]["meta"].Text("width"), null)), 1, 12);
            }

            Assert.Equal(
                Placed(dashboard).Select(chart => chart.Text("id")).Order(),
                position.Children.Values.OfType<YamlMappingNode>().Where(entry => entry.Text("type") == "ROW").SelectMany(row => row.Texts("children")).Order());
        }
    }

    [Fact]
    public void Filters_OfDashboards_AreOverColumnsThatAreThere()
    {
        var targets = Bundle.Dashboards.SelectMany(dashboard => dashboard["metadata"].Items("native_filter_configuration"))
            .SelectMany(filter => filter.Items("targets")).Where(target => target.Children.Count > 0).ToList();

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.Contains(
            target["column"].Text("name"),
            Bundle.Datasets.Single(dataset => dataset.Text("uuid") == target.Text("datasetUuid")).Items("columns").Select(column => column.Text("column_name"))));
    }

    [Fact]
    public void Database_OfEveryDataset_IsTheOneWhoseAddressIsFilledIn()
    {
        Assert.All(Bundle.Datasets, dataset => Assert.Equal(Bundle.Database.Text("uuid"), dataset.Text("database_uuid")));
        Assert.Contains($"DATABASE_URI = \"{Bundle.Database.Text("sqlalchemy_uri")}\"", File.ReadAllText(Path.Combine(Bundle.ImageFolder, "provision.py")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Bundle.TrinoFolder, "etc/catalog", Bundle.Datasets[0].Text("catalog") + ".properties")));
    }

    [Fact]
    public void Scripts_HaveNoPasswordOfTheirOwn()
    {
        var scripts = new[] { "bootstrap.sh", "database.py", "provision.py", "superset_config.py", "Dockerfile" }.Select(name => File.ReadAllText(Path.Combine(Bundle.ImageFolder, name)));

        Assert.All(scripts, script => Assert.DoesNotMatch(@"(?i)(password|secret_key)\w*(""?,\s*""|:-|\s*=\s*"")[^""}\s]", script));
    }

    private static YamlMappingNode Dataset(string name) => Bundle.Datasets.Single(dataset => dataset.Text("table_name") == name);

    private static IEnumerable<YamlMappingNode> Placed(YamlMappingNode dashboard) =>
        ((YamlMappingNode)dashboard["position"]).Children.Values.OfType<YamlMappingNode>().Where(entry => entry.Text("type") == "CHART");

    private static List<CqlTable> TablesOf(string sql) => [.. From().Matches(sql).Select(from => Bundle.Tables[from.Groups["table"].Value]).Distinct()];

    /// <summary>Without the template's own words and without texts.</summary>
    private static string Plain(string sql) => Quoted().Replace(Template().Replace(sql, " "), "''");

    /// <summary>Names of columns: what is neither a word of SQL, which we write in capitals, nor a function, a table or a type.</summary>
    private static List<string> Names(string sql) => [.. Name().Matches(From().Replace(sql, "")).Select(match => match.Value).Where(name => !TrinoWords.Contains(name)).Distinct()];

    private static IEnumerable<string> Selected(string sql)
    {
        var list = sql[(sql.IndexOf("SELECT", StringComparison.Ordinal) + "SELECT".Length)..sql.IndexOf("FROM", StringComparison.Ordinal)];
        return TopLevelComma().Split(list).Select(item => LastName().Match(item.Trim()).Value);
    }

    [GeneratedRegex(@"\{%.*?%\}|\{\{.*?\}\}", RegexOptions.Singleline)]
    private static partial Regex Template();

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"FROM user_events\.(?<table>\w+)")]
    private static partial Regex From();

    [GeneratedRegex(@"\bAS [a-z_0-9]+")]
    private static partial Regex Alias();

    [GeneratedRegex(@"\b[a-z][a-z_0-9]*(\.[a-z][a-z_0-9]*)?\b(?!\()")]
    private static partial Regex Name();

    [GeneratedRegex(@",(?![^(]*\))")]
    private static partial Regex TopLevelComma();

    [GeneratedRegex("[a-z_0-9]+$")]
    private static partial Regex LastName();
}
