using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>A table as removal sees it: which partitions a time bucket has, what a row tells, and how it is removed everywhere.</summary>
/// <param name="Listing">Name of its time buckets.</param>
/// <param name="Partitions">Key values of the partitions of a bucket.</param>
/// <param name="Select">Reads the rows of a partition before a time: <c>time</c>, <c>topic</c>, <c>partition</c>, <c>write_time</c> and the rest of the key.</param>
/// <param name="Remove">Adds the removal of a row, and of all rows that were made from it, as of a write time.</param>
internal sealed record StoredTable(
    string Listing,
    Func<long, IEnumerable<object[]>> Partitions,
    string Select,
    Action<WritePlan, Row, long> Remove);
