using Pipeline.Storage;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>A store with canned rows that remembers what it was asked, and can fail.</summary>
internal sealed class StubStore : IResultStore
{
    public List<StoredEvent> Events { get; } = [];

    public List<WindowResult> Windows { get; } = [];

    public List<SessionRow> Sessions { get; } = [];

    public List<LateEvent> Late { get; } = [];

    public List<DeadLetterEntry> DeadLetters { get; } = [];

    public List<QualityResult> Quality { get; } = [];

    /// <summary>Answers by the query instead of with <see cref="Quality"/>.</summary>
    public Func<QualityQuery, List<QualityResult>>? FindQuality { get; set; }

    public List<PartitionProgress> Progress { get; } = [];

    public RangeQuery? Asked { get; private set; }

    public string? NextCursor { get; set; }

    public Exception? Failure { get; set; }

    /// <summary>Makes it as it was when it was new.</summary>
    public void Reset()
    {
        Events.Clear();
        Windows.Clear();
        Sessions.Clear();
        Late.Clear();
        DeadLetters.Clear();
        Quality.Clear();
        Progress.Clear();
        (FindQuality, Asked, NextCursor, Failure, Expired) = (null, null, null, null, 0);
    }

    public ValueTask InitializeAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken)
        => ValueTask.FromResult(Events.FirstOrDefault(e => e.EventId == eventId));

    public ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken) => Answer(query, Events);

    public ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken) => Answer(query, Windows);

    public ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken) => Answer(query, Sessions);

    public ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken) => Answer(query, Late);

    public ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken) => Answer(query, DeadLetters);

    public ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken)
        => Answer(query, FindQuality?.Invoke(query) ?? Quality);

    public ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken)
        => Failure is null ? ValueTask.FromResult<IReadOnlyList<PartitionProgress>>([.. Progress]) : throw Failure;

    public ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Rows that retention removes.</summary>
    public long Expired { get; set; }

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Expired);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask<Page<T>> Answer<T>(RangeQuery query, List<T> rows)
    {
        Asked = query;
        return Failure is null ? ValueTask.FromResult(new Page<T>([.. rows], NextCursor)) : throw Failure;
    }
}
