using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Pipeline.Scheduling.Postgres;

/// <summary>By Aspire's integration; its settings are in <c>Aspire:Npgsql</c>.</summary>
internal static class PostgresRegistration
{
    public static void Add(IHostApplicationBuilder builder, Action<NpgsqlDataSourceBuilder> configure) =>
        builder.AddNpgsqlDataSource(PostgresClient.ConnectionName, configureDataSourceBuilder: configure);
}
