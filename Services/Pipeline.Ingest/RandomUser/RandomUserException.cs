namespace Pipeline.Ingest.RandomUser;

/// <summary>The API did not give the users that were asked for; the message is a sentence for people and holds nothing of the body but its error text.</summary>
internal sealed class RandomUserException(string message, bool isPermanent = false, TimeSpan retryAfter = default, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The same call will fail again until somebody changes a setting.</summary>
    public bool IsPermanent { get; } = isPermanent;

    /// <summary>How long the API asked to be left alone; zero when it did not say.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
