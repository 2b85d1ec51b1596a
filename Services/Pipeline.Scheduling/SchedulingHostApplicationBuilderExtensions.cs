using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;
using Quartz;

namespace Pipeline.Scheduling;

public static class SchedulingHostApplicationBuilderExtensions
{
    /// <summary>Registers a scheduler instance with its metadata database, and <see cref="DagRuns"/>. Calling it again changes nothing.</summary>
    public static IHostApplicationBuilder AddScheduling(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(service => service.ServiceType == typeof(SchedulerWorker)))
        {
            return builder;
        }

        builder.AddSchedulingQueries();
        builder.Services.AddQuartz(quartz => quartz.UseInMemoryStore());
        builder.Services.AddSingleton(_ => SchedulerInstance.ForThisProcess());
        builder.Services.AddSingleton<SchedulingInstruments>();
        builder.Services.AddSingleton<SchedulerHealth>();
        builder.Services.AddSingleton<TaskExecutor>();
        builder.Services.AddSingleton<DagRunExecutor>();
        builder.Services.AddSingleton<DagScheduler>();
        builder.Services.AddSingleton<Quartz.DagClock>();
        builder.Services.AddSingleton<SchedulerWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SchedulerWorker>());
        builder.Services.AddSingleton<RetentionWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RetentionWorker>());
        builder.Services.AddHealthChecks().AddCheck<SchedulerHealthCheck>("scheduler");
        return builder;
    }

    /// <summary>Registers <see cref="DagRuns"/> alone, for a process that looks and triggers but runs nothing.</summary>
    public static IHostApplicationBuilder AddSchedulingQueries(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddDataDirectory();
        builder.Services.AddOptions<SchedulingOptions>().BindConfiguration(SchedulingOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SchedulingOptions>, SchedulingOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<DagCatalog>();
        builder.Services.TryAddSingleton<MetadataDatabase>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, MetadataInitializer>());
        builder.Services.TryAddSingleton<DagRunStore>();
        builder.Services.TryAddSingleton<TaskInstanceStore>();
        builder.Services.TryAddSingleton<DagRunQueries>();
        builder.Services.TryAddSingleton<JobStore>();
        builder.Services.TryAddSingleton<SchedulerSignal>();
        builder.Services.TryAddSingleton(services => new DagRuns(
            services.GetRequiredService<DagCatalog>(),
            services.GetRequiredService<MetadataDatabase>(),
            services.GetRequiredService<DagRunStore>(),
            services.GetRequiredService<TaskInstanceStore>(),
            services.GetRequiredService<DagRunQueries>(),
            services.GetRequiredService<JobStore>(),
            services.GetRequiredService<SchedulerSignal>(),
            services.GetRequiredService<TimeProvider>()));
        return builder;
    }

    /// <summary>Registers a DAG. What its tasks need they take from <see cref="TaskContext.Services"/>.</summary>
    public static IHostApplicationBuilder AddDag(this IHostApplicationBuilder builder, Func<IServiceProvider, Dag> build)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(build);
        return builder;
    }
}
