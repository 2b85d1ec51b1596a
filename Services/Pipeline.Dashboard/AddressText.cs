namespace Pipeline.Dashboard;

/// <summary>Parameters of addresses.</summary>
internal static class AddressText
{
    /// <summary>A parameter that is there without a value says nothing: null, as one that is not there.</summary>
    public static string? OrNull(this string? text) => string.IsNullOrEmpty(text) ? null : text;
}
