namespace Pipeline.Storage.Sqlite;

/// <summary>A batch that waits for its turn, and what became of it.</summary>
internal sealed class PendingWrite(ResultBatch batch)
{
    public ResultBatch Batch { get; } = batch;

    /// <summary>Whether it was written or refused. Read and written under the writer's gate.</summary>
    public bool IsDone { get; set; }

    public Exception? Error { get; set; }
}
