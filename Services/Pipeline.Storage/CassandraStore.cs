using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Storage;

/// <summary>Removes the keyspace of the settings with everything in it; registered by a store that has one. For measurements, which make one each.</summary>
public delegate Task KeyspaceRemoval(CancellationToken cancellationToken);

/// <summary>
/// The Cassandra store as this library knows it: by the name of its assembly, because not every build has it
/// (docs/decisions/0001-package-feeds.md). The one place that looks for it.
/// </summary>
public static class CassandraStore
{
    private const string AssemblyName = "Pipeline.Storage.Cassandra";
    private const string RegistrationType = AssemblyName + ".CassandraRegistration";
    private const string RegistrationMethod = "Register";

    private static readonly Lazy<Assembly?> Loaded = new(Load);

    /// <summary>The assembly; null in a build without the driver.</summary>
    public static Assembly? Assembly => Loaded.Value;

    /// <summary>Whether results shall be kept in Cassandra.</summary>
    public static bool IsAskedFor(IConfiguration configuration) => !string.IsNullOrEmpty(configuration.GetConnectionString("cassandra"));

    /// <summary>Registers the store and what else it keeps; does nothing in a build without the driver.</summary>
    internal static void Register(IHostApplicationBuilder builder)
        => Assembly?.GetType(RegistrationType, throwOnError: true)!
            .GetMethod(RegistrationMethod, BindingFlags.Public | BindingFlags.Static)!
            .CreateDelegate<Action<IHostApplicationBuilder>>()(builder);

    private static Assembly? Load()
    {
        try
        {
            return System.Reflection.Assembly.Load(AssemblyName);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
