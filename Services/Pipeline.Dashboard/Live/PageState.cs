namespace Pipeline.Dashboard.Live;

/// <summary>What a page can say of its figures.</summary>
/// <param name="HasData">Whether there are any.</param>
/// <param name="IsAnswered">Whether what is shown answers what the address asks; otherwise it is what an earlier address asked.</param>
/// <param name="ReadAt">When they were read.</param>
/// <param name="Error">Why they could not be read anew; <see langword="null"/> when they are of now.</param>
public readonly record struct PageState(bool HasData, bool IsAnswered, DateTimeOffset ReadAt, string? Error);
