using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pipeline.Scheduling.Postgres;

/// <summary>Without Aspire's integration. Whoever exports telemetry takes the meter and the source <c>Npgsql</c>.</summary>
internal static class PostgresRegistration
{
    public static void Add(IHostApplicationBuilder builder, Action<NpgsqlDataSourceBuilder> configure)
    {
        var connectionString = builder.Configuration.GetConnectionString(PostgresClient.ConnectionName);
        builder.Services.TryAddSingleton(services =>
        {
            var source = new NpgsqlDataSourceBuilder(connectionString).UseLoggerFactory(services.GetService<ILoggerFactory>());
            configure(source);
            return source.Build();
        });
        builder.Services.AddHealthChecks().AddCheck<PostgresHealthCheck>(PostgresClient.HealthCheck);
    }
}
