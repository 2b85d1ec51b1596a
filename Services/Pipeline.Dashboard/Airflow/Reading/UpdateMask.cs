namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>Which fields of a body are to be taken: those that <c>update_mask</c> names, else those that the body has.</summary>
internal static class UpdateMask
{
    public static IReadOnlySet<string> Of(HttpRequest request, params IReadOnlyList<string?> present)
    {
        var asked = request.Query["update_mask"].OfType<string>().SelectMany(names => names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToHashSet(StringComparer.Ordinal);
        return asked.Count > 0 ? asked : present.OfType<string>().ToHashSet(StringComparer.Ordinal);
    }
}
