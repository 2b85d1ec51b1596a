namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// A kind of write of which many wait at once under load. They are done together, with the same few statements however many they are: a statement for
/// each would cost more than the work. There is one instance of each kind; <see cref="WriteQueue"/> tells by it what belongs together.
/// </summary>
/// <param name="order">Kinds come in this order within a transaction, so that two processes do not take locks in different orders.</param>
/// <param name="write">Writes the items; returns a result for each, in their order.</param>
internal sealed class SharedWrite<TItem, TResult>(int order, Func<MetadataSession, IReadOnlyList<TItem>, IReadOnlyList<TResult>> write)
{
    public int Order => order;

    public IReadOnlyList<TResult> Write(MetadataSession session, IReadOnlyList<TItem> items) => write(session, items);
}
