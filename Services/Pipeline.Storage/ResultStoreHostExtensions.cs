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
    /// Registers the result store with its schema, its health check <c>result-store</c> and its retention. SQLite in the data
    /// directory; a connection string named <c>cassandra</c> is refused at start, because this version has no other store.
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
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<IResultStore, SqliteResultStore>();

        builder.Services.TryAddSingleton<SchemaInitializer>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SchemaInitializer>(services => services.GetRequiredService<SchemaInitializer>()));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RetentionService>());
        builder.Services.AddHealthChecks().AddCheck<SchemaHealthCheck>("result-store");
        return builder;
    }
}
