using Microsoft.Extensions.Configuration;
using Pipeline.Storage;

namespace Pipeline.AppHost;

/// <summary>What is started; from the command line (<c>--kafka-ui false</c>) or any other configuration.</summary>
/// <param name="Profile">All services in one process on embedded storage, or each on its own with servers.</param>
/// <param name="KafkaMode">What coordinates the broker: ZooKeeper or the broker itself (KRaft).</param>
/// <param name="WithCassandra">Whether results are kept in Cassandra; in SQLite otherwise. A build without its driver cannot.</param>
/// <param name="WithKafkaUi">Whether there is a page over Kafka.</param>
/// <param name="WithSuperset">Whether there is Superset, with Trino; only where Cassandra and PostgreSQL are started here.</param>
/// <param name="WithSimulator">Whether users come from the RandomUser simulator and activity is generated; otherwise from the genuine API.</param>
/// <param name="Target">What it is published to.</param>
internal sealed record StackOptions(StackProfile Profile, KafkaMode KafkaMode, bool WithCassandra, bool WithKafkaUi, bool WithSuperset, bool WithSimulator, DeploymentTarget Target)
{
    /// <summary>The exit code for options that cannot be used, as of the pipeline itself.</summary>
    public const int BadOptionsExitCode = 3;

    /// <summary>The servers of the full profile, by the names of their connection strings.</summary>
    public IReadOnlyList<string> Servers => WithCassandra ? ["kafka", "cassandra", "postgres"] : ["kafka", "postgres"];

    /// <summary>Whether this build can talk to Cassandra.</summary>
    public static bool HasCassandraDriver => CassandraStore.Assembly is not null;

    /// <summary>The options as arguments.</summary>
    public static IReadOnlyList<string> Arguments { get; } = [.. new[] { ProfileKey, KafkaModeKey, CassandraKey, KafkaUiKey, SupersetKey, SimulatorKey, TargetKey }.Select(key => "--" + key)];

    private const string ProfileKey = "profile";
    private const string KafkaModeKey = "kafka-mode";
    private const string CassandraKey = "cassandra";
    private const string KafkaUiKey = "kafka-ui";
    private const string SupersetKey = "superset";
    private const string SimulatorKey = "simulator";
    private const string TargetKey = "target";

    /// <param name="errors">What is wrong with the options, one sentence each.</param>
    public static StackOptions Read(IConfiguration configuration, out IReadOnlyList<string> errors)
    {
        var found = new List<string>();
        var options = new StackOptions(
            Choice(ProfileKey, StackProfile.Auto),
            Choice(KafkaModeKey, KafkaMode.ZooKeeper),
            Choice(CassandraKey, HasCassandraDriver ? Switch.True : Switch.False) == Switch.True,
            Choice(KafkaUiKey, Switch.True) == Switch.True,
            Choice(SupersetKey, Switch.True) == Switch.True,
            Choice(SimulatorKey, Switch.True) == Switch.True,
            Choice(TargetKey, DeploymentTarget.Manifest));
        errors = found;
        return options;

        T Choice<T>(string key, T fallback) where T : struct, Enum
        {
            var value = configuration[key];
            if (string.IsNullOrEmpty(value))
            {
                return fallback;
            }

            // Not a number: the parser would take any.
            if (char.IsAsciiLetter(value[0]) && Enum.TryParse<T>(value, ignoreCase: true, out var chosen))
            {
                return chosen;
            }

            found.Add($"--{key} is '{value}'; it must be one of {string.Join(", ", Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))}.");
            return fallback;
        }
    }

    private enum Switch
    {
        True,
        False,
    }
}

internal enum StackProfile
{
    /// <summary>Full where its servers can be had, embedded elsewhere.</summary>
    Auto,

    /// <summary>All services in one process, on SQLite.</summary>
    Embedded,

    /// <summary>Each service on its own, with Kafka, PostgreSQL and, in a build with its driver, Cassandra.</summary>
    Full,
}

internal enum KafkaMode
{
    ZooKeeper,
    KRaft,
}

internal enum DeploymentTarget
{
    /// <summary>The manifest, which <c>azd</c> reads.</summary>
    Manifest,

    /// <summary>Docker Compose.</summary>
    Compose,

    /// <summary>Kubernetes, as a Helm chart.</summary>
    Kubernetes,
}
