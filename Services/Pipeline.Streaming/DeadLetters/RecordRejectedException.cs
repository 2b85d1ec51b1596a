using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.DeadLetters;

/// <summary>A record was rejected under a policy that stops at the first one.</summary>
public sealed class RecordRejectedException(Position position, Rejection rejection)
    : Exception($"The record at {position} was rejected: {rejection.Code}: {rejection.Message}")
{
    public Position Position { get; } = position;

    public Rejection Rejection { get; } = rejection;
}
