using System.Globalization;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>How much may go into one unlogged batch of several partitions before a server warns of it in its log.</summary>
internal sealed record BatchLimits(int Partitions, int Bytes)
{
    private const string ReadSettings =
        """
        SELECT name, value FROM system_views.settings
        WHERE name IN ('unlogged_batch_across_partitions_warn_threshold', 'batch_size_warn_threshold', 'batch_size_warn_threshold_in_kb')
        """;

    // More would be one unit of work that others wait behind.
    private const int MostPartitions = 64;
    private const int MostBytes = 64 << 10;

    /// <summary>Those of a server whose settings nobody changed.</summary>
    public static BatchLimits Usual { get; } = new(10, 5 << 10);

    /// <summary>What the server says; the usual where it does not (no such table, or not for this user).</summary>
    public static async ValueTask<BatchLimits> ReadAsync(CassandraClient client, CancellationToken cancellationToken)
    {
        try
        {
            var limits = Usual;
            foreach (var row in await client.ExecuteAsync(await client.BindAsync(ReadSettings, cancellationToken), cancellationToken))
            {
                limits = limits.With(row.GetValue<string>("name"), row.GetValue<string>("value"));
            }

            return limits;
        }
        catch (StorageException e) when (!e.IsTransient)
        {
            return Usual;
        }
    }

    /// <summary>These, changed by a setting of a server.</summary>
    internal BatchLimits With(string name, string? value) => name switch
    {
        "unlogged_batch_across_partitions_warn_threshold" when Number(value) is > 0 and var partitions => this with { Partitions = (int)Math.Min(partitions, MostPartitions) },
        "batch_size_warn_threshold" when Size(value) is > 0 and var bytes => this with { Bytes = (int)Math.Min(bytes, MostBytes) },
        "batch_size_warn_threshold_in_kb" when Number(value) is > 0 and var kilobytes => this with { Bytes = (int)Math.Min(kilobytes << 10, MostBytes) },
        _ => this,
    };

    private static long Number(string? value) => int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Bytes of a size such as <c>5KiB</c>.</summary>
    private static long Size(string? value) => value switch
    {
        not null when value.EndsWith("KiB", StringComparison.Ordinal) => Number(value[..^3]) << 10,
        not null when value.EndsWith("MiB", StringComparison.Ordinal) => Number(value[..^3]) << 20,
        not null when value.EndsWith('B') => Number(value[..^1]),
        _ => 0,
    };
}
