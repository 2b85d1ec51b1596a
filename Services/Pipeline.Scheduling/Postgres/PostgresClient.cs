using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Postgres;

/// <summary>
/// The client of PostgreSQL, with its health check, metrics and spans: Aspire's integration where the package feed has it, the plain client
/// otherwise. Either registers an <see cref="NpgsqlDataSource"/>.
/// </summary>
internal static class PostgresClient
{
    public const string ConnectionName = "postgres";
    public const string HealthCheck = "PostgreSql";

    public static void AddPostgresClient(this IHostApplicationBuilder builder)
    {
        // Each command is an information to it.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        PostgresRegistration.Add(builder, Configure);
    }

    private static void Configure(NpgsqlDataSourceBuilder source)
    {
        PostgresDialect.Complete(source.ConnectionStringBuilder);

        // Only as a part of something: a scheduler that looks for work would fill the traces.
        source.ConfigureTracing(tracing => tracing
            .ConfigureCommandFilter(_ => Activity.Current is not null)
            .ConfigureBatchFilter(_ => Activity.Current is not null)
            .EnablePhysicalOpenTracing(false));
    }
}
