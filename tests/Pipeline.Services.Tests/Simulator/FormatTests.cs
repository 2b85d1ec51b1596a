using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Services.Tests.Simulator;

public sealed class FormatTests
{
    private const string Query = "results=30&seed=formats";

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/")]
    [InlineData("/api/1.4")]
    [InlineData("/api/1.4/")]
    public async Task Path_OfTheLatestVersion_AnswersTheSame(string path)
    {
        await using var host = await SimulatorHost.StartAsync();
        var response = await host.GetAsync($"{path}?seed=a");
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("*", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Equal(await host.GetTextAsync("/api/?seed=a"), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/api/1.3/")]
    [InlineData("/api/2.0")]
    public async Task Path_OfAnotherVersion_IsNotFound(string path)
    {
        await using var host = await SimulatorHost.StartAsync();
        var response = await host.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("Not Found", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Path_UnderAPrefix_Answers()
    {
        await using var host = await SimulatorHost.StartAsync("/simulator");
        Assert.Equal("a", (await host.GetJsonAsync("/simulator/api/?seed=a")).Text("info.seed"));
    }

    [Fact]
    public async Task Pretty_ComparedWithJson_DiffersInWhiteSpaceOnly()
    {
        await using var host = await SimulatorHost.StartAsync();
        var pretty = await host.GetTextAsync($"/api/?{Query}&format=pretty");
        Assert.StartsWith("{\n  \"results\": [\n    {\n      \"gender\": ", pretty, StringComparison.Ordinal);
        Assert.True(JsonElement.DeepEquals(await host.GetJsonAsync($"/api/?{Query}"), JsonElement.Parse(pretty)));
    }

    [Fact]
    public async Task Csv_ComparedWithJson_HasItsPathsAndValues()
    {
        await using var host = await SimulatorHost.StartAsync();
        var people = (await host.GetJsonAsync($"/api/?{Query}")).People().ToArray();
        var rows = ParseCsv(await host.GetTextAsync($"/api/?{Query}&format=csv"));
        Assert.Equal(Leaves(people[0]).Select(leaf => leaf.Path), rows[0]);
        Assert.Equal(people.Select(person => string.Join('|', Leaves(person).Select(leaf => leaf.Value))), rows.Skip(1).Select(row => string.Join('|', row)));
    }

    [Fact]
    public async Task Yaml_ComparedWithJson_HasItsValues()
    {
        await using var host = await SimulatorHost.StartAsync();
        var json = await host.GetJsonAsync($"/api/?{Query}&password=special,lower,number,1-12");
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await host.GetTextAsync($"/api/?{Query}&password=special,lower,number,1-12&format=yaml")));
        AssertSame(json, yaml.Documents[0].RootNode);
    }

    [Fact]
    public async Task Xml_ComparedWithJson_HasItsValues()
    {
        await using var host = await SimulatorHost.StartAsync();
        var json = await host.GetJsonAsync($"/api/?{Query}&password=special,1-12");
        var xml = XDocument.Parse(await host.GetTextAsync($"/api/?{Query}&password=special,1-12&format=xml"), LoadOptions.PreserveWhitespace);
        Assert.Equal("user", xml.Root!.Name);
        Assert.Equal(
            json.People().Select(person => string.Join('|', Leaves(person).Select(leaf => leaf.Value == "null" ? "" : leaf.Value))),
            xml.Root.Elements("results").Select(person => string.Join('|', person.Descendants().Where(element => !element.HasElements).Select(element => element.Value))));
        Assert.Equal("30", xml.Root.Element("info")!.Element("results")!.Value);
    }

    [Theory]
    [InlineData("csv", "text/csv")]
    [InlineData("yaml", "text/x-yaml")]
    [InlineData("xml", "text/xml")]
    public async Task Format_InHeaders_IsNamed(string format, string contentType)
    {
        await using var host = await SimulatorHost.StartAsync();
        var response = await host.GetAsync($"/api/?format={format}&dl");
        Assert.Equal(contentType, response.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"attachment; filename=\"download.{format}\"", response.Content.Headers.ContentDisposition?.ToString());
    }

    [Fact]
    public async Task Callback_WithJson_WrapsTheAnswer()
    {
        await using var host = await SimulatorHost.StartAsync();
        Assert.Equal($"show({await host.GetTextAsync("/api/?seed=a")});", await host.GetTextAsync("/api/?seed=a&callback=show"));
    }

    [Fact]
    public async Task Lego_WhenAskedFor_HasNoCountryAndItsOwnPortraits()
    {
        await using var host = await SimulatorHost.StartAsync();
        var page = await host.GetJsonAsync("/api/?results=20&lego&seed=a");
        Assert.Equal("a-1", page.Text("info.seed"));
        Assert.All(page.People(), person =>
        {
            Assert.Equal("LEGO", person.Nat());
            Assert.False(person.GetProperty("location").TryGetProperty("country", out _));
            Assert.Matches("^https://randomuser.me/api/portraits/med/lego/[0-9].jpg$", person.Text("picture.medium"));
        });
    }

    private static List<(string Path, string Value)> Leaves(JsonElement element, string path = "")
    {
        var leaves = new List<(string, string)>();
        foreach (var property in element.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                leaves.AddRange(Leaves(property.Value, $"{path}{property.Name}."));
            }
            else
            {
                leaves.Add((path + property.Name, property.Value.ValueKind == JsonValueKind.Null ? "null" : property.Value.ToString()));
            }
        }

        return leaves;
    }

    private static List<List<string>> ParseCsv(string csv)
    {
        List<List<string>> rows = [[]];
        var value = new System.Text.StringBuilder();
        var quoted = false;
        for (var i = 0; i < csv.Length; i++)
        {
            switch (csv[i])
            {
                case '"' when quoted && i + 1 < csv.Length && csv[i + 1] == '"':
                    value.Append('"');
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case ',' or '\n' when !quoted:
                    rows[^1].Add(value.ToString());
                    value.Clear();
                    if (csv[i] == '\n')
                    {
                        rows.Add([]);
                    }

                    break;
                default:
                    value.Append(csv[i]);
                    break;
            }
        }

        rows[^1].Add(value.ToString());
        return rows;
    }

    private static void AssertSame(JsonElement json, YamlNode yaml)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var mapping = Assert.IsType<YamlMappingNode>(yaml);
                Assert.Equal(json.EnumerateObject().Select(property => property.Name), mapping.Children.Keys.Select(key => key.ToString()));
                Assert.All(json.EnumerateObject(), property => AssertSame(property.Value, mapping.Children[property.Name]));
                break;
            case JsonValueKind.Array:
                var sequence = Assert.IsType<YamlSequenceNode>(yaml);
                Assert.Equal(json.GetArrayLength(), sequence.Children.Count);
                Assert.All(json.EnumerateArray().Zip(sequence.Children), pair => AssertSame(pair.First, pair.Second));
                break;
            default:
                Assert.Equal(json.ValueKind == JsonValueKind.Null ? "null" : json.ToString(), Assert.IsType<YamlScalarNode>(yaml).Value);
                break;
        }
    }
}
