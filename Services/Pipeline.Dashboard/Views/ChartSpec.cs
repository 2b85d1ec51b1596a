using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Dashboard.Views;

/// <summary>What a chart shows; how it looks is decided in the browser.</summary>
/// <param name="Kind"><c>line</c>, <c>area</c> or <c>bar</c>.</param>
public sealed record ChartSpec(string Kind, IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private static readonly ConditionalWeakTable<ChartSpec, string> Written = [];

    public string Unit { get; init; } = "";

    /// <summary>When the labels begin, Unix ms; null where they are not times.</summary>
    public long? Start { get; init; }

    /// <summary>From one label to the next, ms.</summary>
    public long Step { get; init; }

    /// <summary>Whether dragging over it asks the page for that time alone.</summary>
    public bool IsZoomable { get; init; }

    public bool Stacked { get; init; }

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    /// <summary>Written once for all who are shown the same.</summary>
    public string ToJson() => Written.GetValue(this, static spec => JsonSerializer.Serialize(spec, Json));
}

/// <param name="Values">One for each label; null leaves a gap.</param>
/// <param name="Colour">A variable of the style sheet; the next colour of the palette when null.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double?> Values, string? Colour = null)
{
    /// <summary>Another kind than the chart's; null for the same.</summary>
    public string? Kind { get; init; }
}
