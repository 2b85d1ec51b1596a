using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Storage.Cassandra.Checkpoints;
using Pipeline.Storage.Cassandra.Schema;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Streaming.State;

namespace Pipeline.Storage.Cassandra;

/// <summary>Registers what Cassandra keeps. Found by name by <see cref="CassandraStore"/>.</summary>
public static class CassandraRegistration
{
    public static void Register(IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<CassandraOptions>().BindConfiguration(CassandraOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CassandraOptions>, CassandraOptionsValidator>());
        builder.Services.TryAddSingleton(services => new CassandraClient(
            CassandraAddress.Parse(services.GetRequiredService<IConfiguration>().GetConnectionString(CassandraAddress.ConnectionName)!, []),
            services.GetRequiredService<IOptions<CassandraOptions>>().Value,
            services.GetRequiredService<ILogger<CassandraClient>>()));
        builder.Services.TryAddSingleton(services => new RequestSender(
            services.GetRequiredService<CassandraClient>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<CassandraClient>>()));
        builder.Services.TryAddSingleton<IResultStore>(services => new CassandraResultStore(
            services.GetRequiredService<CassandraClient>(),
            services.GetRequiredService<RequestSender>(),
            services.GetRequiredService<IOptions<StorageOptions>>().Value,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<CassandraResultStore>>()));
        builder.Services.TryAddSingleton<CheckpointStoreFactory>(services => group => new CassandraCheckpointStore(
            services.GetRequiredService<CassandraClient>(),
            services.GetRequiredService<IResultStore>(),
            services.GetRequiredService<RequestSender>(),
            services.GetRequiredService<TimeProvider>(),
            group));
        builder.Services.TryAddSingleton<KeyspaceRemoval>(services => token => CassandraSchema.RemoveAsync(services.GetRequiredService<CassandraClient>(), token));
    }
}
