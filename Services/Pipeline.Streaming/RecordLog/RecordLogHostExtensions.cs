using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Streaming.RecordLog.Sqlite;

namespace Pipeline.Streaming.RecordLog;

public static class RecordLogHostExtensions
{
    /// <summary>
    /// Registers <see cref="IRecordLog"/>, unless one is registered already (as tests do): Kafka when <c>ConnectionStrings:kafka</c> names
    /// brokers, else <c>log.db</c> in the data directory, from which old records are removed while the host runs.
    /// </summary>
    public static IHostApplicationBuilder AddRecordLog(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ImplementationType == typeof(RetentionWorker)))
        {
            // Services that share a process each ask for it.
            return builder;
        }

        builder.AddDataDirectory();
        builder.Services.AddOptions<RecordLogOptions>().BindConfiguration(RecordLogOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RecordLogOptions>, RecordLogOptionsValidator>());
        builder.Services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KafkaOptions>, KafkaOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<IRecordLog>(services => services.GetRequiredService<IConfiguration>().GetConnectionString(KafkaOptions.ConnectionName) is { Length: > 0 } servers
            ? new KafkaRecordLog(
                servers,
                services.GetRequiredService<IOptions<KafkaOptions>>().Value,
                services.GetRequiredService<TimeProvider>(),
                [.. services.GetServices<NeededTopic>().Select(topic => topic.Name).Distinct()],
                services.GetService<ILogger<KafkaRecordLog>>())
            : new SqliteRecordLog(
                services.GetRequiredService<DataDirectory>(),
                services.GetRequiredService<IOptions<RecordLogOptions>>().Value,
                services.GetRequiredService<TimeProvider>(),
                services.GetService<ILogger<SqliteRecordLog>>()));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RetentionWorker>());
        builder.Services.AddHealthChecks().Add(new("record-log", s => new RecordLogHealthCheck(s.GetRequiredService<IRecordLog>()), failureStatus: null, tags: ["ready"]));
        return builder;
    }
}
