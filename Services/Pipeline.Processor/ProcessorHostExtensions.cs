using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Sqlite;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Processor;

public static class ProcessorHostExtensions
{
    /// <summary>
    /// Registers the processor with its health check <c>processor</c>, over the record log and the result store, which are
    /// registered too if nobody did. Checkpoints lie where the result store keeps them, or in the data directory.
    /// </summary>
    public static IHostApplicationBuilder AddProcessor(this IHostApplicationBuilder builder)
    {
        builder.AddResultReplay();
        builder.Services.TryAddSingleton<ProcessorWorker>();
        builder.Services.TryAddSingleton<ProcessorControl>();
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IHostedService, ProcessorWorker>(services => services.GetRequiredService<ProcessorWorker>()));
        builder.Services.AddHealthChecks().AddCheck<ProcessorHealthCheck>("processor");
        return builder;
    }

    /// <summary>Registers what a rebuild of the results needs (<see cref="ResultReplay"/>), without processing anything live.</summary>
    public static IHostApplicationBuilder AddResultReplay(this IHostApplicationBuilder builder)
    {
        builder.AddProcessing();
        builder.Services.TryAddSingleton(services => new ResultReplay(
            services.GetRequiredService<IRecordLog>(),
            services.GetRequiredService<IResultStore>(),
            services.GetRequiredService<ICheckpointStore>(),
            services.GetRequiredService<ProcessorTasks>(),
            services.GetRequiredService<IOptions<ProcessorOptions>>()));
        return builder;
    }

    private static void AddProcessing(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(ProcessorTasks)))
        {
            return;
        }

        builder.AddEventLog();
        builder.AddResultStore();
        builder.Services.AddOptions<ProcessorOptions>().BindConfiguration(ProcessorOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ProcessorOptions>, ProcessorOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<ICheckpointStore>(services =>
        {
            var group = services.GetRequiredService<IOptions<ProcessorOptions>>().Value.Group;
            if (services.GetService<CheckpointStoreFactory>() is { } open)
            {
                return open(group);
            }

            var directory = services.GetRequiredService<DataDirectory>();
            return new FileCheckpointStore(directory.Subdirectory("checkpoints"), group, directory.Durable);
        });
        builder.Services.TryAddSingleton<ProcessorTasks>();
    }
}
