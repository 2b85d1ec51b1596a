using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;

namespace Pipeline.Storage;

public static class ResultStoreHostExtensions
{
    /// <summary>
    /// Registers the result store with its schema, its health check <c>result-store</c> and its retention: Cassandra where a connection
    /// string of that name is set, SQLite in the data directory otherwise. A build without the driver refuses the connection string
    /// at start.
    /// </summary>
    public static IHostApplicationBuilder AddResultStore(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(IResultStore)))
        {
            // Services that share a process each ask for it.
            return builder;
        }

        builder.AddDataDirectory();
        builder.Services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddSingleton<IValidateOptions<StorageOptions>>(services => new StorageOptionsValidator(services.GetRequiredService<IConfiguration>(), CassandraStore.Assembly is not null));
        builder.Services.TryAddSingleton(TimeProvider.System);
        if (CassandraStore.IsAskedFor(builder.Configuration))
        {
            CassandraStore.Register(builder);
        }

        builder.Services.TryAddSingleton<IResultStore, SqliteResultStore>();

        builder.Services.TryAddSingleton<SchemaInitializer>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SchemaInitializer>(services => services.GetRequiredService<SchemaInitializer>()));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RetentionService>());
        builder.Services.AddHealthChecks().AddCheck<SchemaHealthCheck>("result-store");
        return builder;
    }
}
