namespace Pipeline.Storage.Cassandra;

/// <summary>
/// How results are kept in Cassandra, section <c>Cassandra</c>. Where the servers are says <c>ConnectionStrings:cassandra</c>
/// (<see cref="CassandraAddress"/>). The defaults suit one node; docs/operations.md has those of a cluster.
/// </summary>
public sealed class CassandraOptions
{
    public const string SectionName = "Cassandra";

    /// <summary>Keyspace of all tables; made when it is not there. Default: <c>user_events</c>.</summary>
    public string Keyspace { get; set; } = "user_events";

    /// <summary>
    /// Copies of every row, used when the keyspace is made: a number (in the local datacenter), or datacenters with a number each,
    /// as in <c>dc1:3,dc2:3</c>. Default: 1.
    /// </summary>
    public string Replication { get; set; } = "1";

    /// <summary>Datacenter whose nodes are asked. Default: that of the contact point which answers first.</summary>
    public string LocalDatacenter { get; set; } = "";

    /// <summary>Copies that must confirm a write or answer a query: ONE, LOCAL_ONE, LOCAL_QUORUM, QUORUM, … Default: ONE.</summary>
    public string Consistency { get; set; } = "ONE";

    /// <summary>Where claims and progress are agreed on: LOCAL_SERIAL or SERIAL. Default: LOCAL_SERIAL.</summary>
    public string SerialConsistency { get; set; } = "LOCAL_SERIAL";

    /// <summary>Whether connections are encrypted. Default: no.</summary>
    public bool Tls { get; set; }

    /// <summary>PEM file of the authority that signed the servers' certificates. Default: the machine's own authorities.</summary>
    public string TlsCertificateAuthority { get; set; } = "";

    /// <summary>PEM files of the certificate and the key that the servers ask this client for. Default: none.</summary>
    public string TlsClientCertificate { get; set; } = "";

    /// <inheritdoc cref="TlsClientCertificate"/>
    public string TlsClientKey { get; set; } = "";

    /// <summary>
    /// Whether each event is also written into the table <c>user_events</c> by its id, with its fields as a map: one partition per
    /// event, which costs more than all other tables together. Default: yes.
    /// </summary>
    public bool EventsById { get; set; } = true;

    /// <summary>Length of the time part of an event partition; divides a day. Fixed when the keyspace is made. Default: 1 h.</summary>
    public TimeSpan EventBucket { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Partitions that the events of one bucket are spread over, 1 to 256. Fixed when the keyspace is made. Default: 4.</summary>
    public int EventShards { get; set; } = 4;

    /// <summary>Length of the time part of a partition of the index by user; divides a day. Fixed when the keyspace is made. Default: 1 day.</summary>
    public TimeSpan UserBucket { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Partitions that the index by user is spread over in each of its buckets, 1 to 1,024. Fixed when the keyspace is made. Default: 8.</summary>
    public int UserSlots { get; set; } = 8;

    /// <summary>How long one request may take. Default: 5 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long making a connection may take. Default: 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most writes that are under way at once; fewer when the servers get slow. Default: 128.</summary>
    public int MaxInFlight { get; set; } = 128;
}
