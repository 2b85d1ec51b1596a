namespace Pipeline.Ingest.RandomUser;

/// <summary>A body of the API, read but not yet believed.</summary>
internal sealed class RandomUserResponse
{
    public List<SourceUser>? Users { get; set; }

    public ResponseInfo? Info { get; set; }

    /// <summary>The API's error text, if it sent one instead of users.</summary>
    public string? Error { get; set; }

    /// <summary>Refuses an answer that is not the answer to the request.</summary>
    /// <exception cref="RandomUserException">It is not.</exception>
    public IReadOnlyList<SourceUser> Believe(PageRequest request)
    {
        if (Error is not null)
        {
            throw new RandomUserException($"The API answered with an error: {Printable(Error)}");
        }

        if (Users is null)
        {
            throw new RandomUserException("The API answered with JSON that holds no 'results'; is this the RandomUser API?");
        }

        if (Info is null)
        {
            throw new RandomUserException("The API's answer has no 'info', so nothing shows that these are the users asked for.");
        }

        Same("version 1", Info.Version is null ? null : $"version {Info.Version.Split('.')[0]}", "info.version");
        Same(request.Seed, Info.Seed, "info.seed");
        Same($"{request.Page}", $"{Info.Page}", "info.page");
        Same($"{request.Results}", $"{Info.Results}", "info.results");
        return Users.Count == request.Results
            ? Users
            : throw new RandomUserException($"The API sent {Users.Count} users where {request.Results} were asked for.");

        static void Same(string expected, string? actual, string what)
        {
            if (!string.Equals(expected, actual, StringComparison.Ordinal))
            {
                throw new RandomUserException($"The API answered something else than was asked: {what} is '{Printable(actual ?? "")}', not '{expected}'.");
            }
        }
    }

    /// <summary>Text of a stranger, made fit for a log line.</summary>
    private static string Printable(string text)
    {
        const int MaxLength = 200;
        var line = string.Concat(text.Take(MaxLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
        return text.Length > MaxLength ? line + " …" : line;
    }
}

internal sealed class ResponseInfo
{
    public string? Seed { get; set; }

    public int? Page { get; set; }

    public int? Results { get; set; }

    public string? Version { get; set; }
}
