using Microsoft.Extensions.Options;

namespace Pipeline.Dashboard;

/// <summary>What the pages need to be told: how long they wait for a viewer, and where other tools are. A tool without an address is not named on them.</summary>
public sealed class DashboardOptions
{
    public const string SectionName = "Dashboard";

    /// <summary>Stands in <see cref="TraceUrl"/> for the trace's id.</summary>
    public const string TraceId = "{trace_id}";

    /// <summary>A viewer that does not draw an update for so long is dropped; its browser may come back. Default: 15 s, at least 1 s.</summary>
    public TimeSpan StalledViewerAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Where a trace is shown, for example <c>http://localhost:18888/traces/detail/{trace_id}</c>.</summary>
    public string? TraceUrl { get; set; }

    public string? Superset { get; set; }

    public string? KafkaUi { get; set; }

    public string? AspireDashboard { get; set; }

    /// <summary>The other tools that there are.</summary>
    internal IEnumerable<(string Name, string Address)> Tools
        => new[] { ("Superset", Superset), ("Kafka UI", KafkaUi), ("Aspire dashboard", AspireDashboard) }.Where(tool => !string.IsNullOrEmpty(tool.Item2)).Select(tool => (tool.Item1, tool.Item2!));
}

internal sealed class DashboardOptionsValidator : IValidateOptions<DashboardOptions>
{
    public ValidateOptionsResult Validate(string? name, DashboardOptions options)
    {
        var errors = new List<string>();
        if (options.StalledViewerAfter < TimeSpan.FromSeconds(1) || options.StalledViewerAfter > TimeSpan.FromHours(1))
        {
            errors.Add($"{DashboardOptions.SectionName}:{nameof(options.StalledViewerAfter)} is {options.StalledViewerAfter}; it must be between 1 s and 1 h.");
        }

        Check(nameof(options.TraceUrl), options.TraceUrl?.Replace(DashboardOptions.TraceId, "0", StringComparison.Ordinal));
        Check(nameof(options.Superset), options.Superset);
        Check(nameof(options.KafkaUi), options.KafkaUi);
        Check(nameof(options.AspireDashboard), options.AspireDashboard);
        if (!string.IsNullOrEmpty(options.TraceUrl) && !options.TraceUrl.Contains(DashboardOptions.TraceId, StringComparison.Ordinal))
        {
            errors.Add($"{DashboardOptions.SectionName}:{nameof(options.TraceUrl)} is '{options.TraceUrl}'; it must have {DashboardOptions.TraceId} where the trace's id goes.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        // Anything else could make a link run something.
        void Check(string property, string? value)
        {
            if (!string.IsNullOrEmpty(value) && !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            {
                errors.Add($"{DashboardOptions.SectionName}:{property} is '{value}'; it must be an absolute http or https address.");
            }
        }
    }
}
