using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Scheduling.Postgres;
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
        builder.Services.AddSingleton(services => new TaskSlots(services.GetRequiredService<IOptions<SchedulingOptions>>().Value.MaxActiveTasks));
        builder.Services.AddSingleton<InstanceLease>();
        builder.Services.AddSingleton<InstanceHeart>();
        builder.Services.AddSingleton<PeerWatch>();
        builder.Services.AddSingleton<PoolSignal>();
        builder.Services.AddSingleton<SchedulingInstruments>();
        builder.Services.AddSingleton<SchedulerHealth>();
        builder.Services.AddSingleton<Persistence>();
        builder.Services.AddSingleton<DagVersions>();
        builder.Services.AddSingleton<CallbackRunner>();
        builder.Services.AddSingleton<TaskExecutor>();
        builder.Services.AddSingleton<RunServices>();
        builder.Services.AddSingleton(services => new DagTester(
            services.GetRequiredService<DagCatalog>(),
            services.GetRequiredService<MetadataDatabase>(),
            services.GetRequiredService<DagVersions>(),
            services.GetRequiredService<InstanceHeart>(),
            services.GetRequiredService<InstanceLease>(),
            services.GetRequiredService<RunServices>()));
        builder.Services.AddSingleton<DagScheduler>();
        builder.Services.AddSingleton<SchedulerDuties>();
        builder.Services.AddSingleton<Quartz.DagClock>();
        builder.Services.AddSingleton<SchedulerWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SchedulerWorker>());
        builder.Services.AddHostedService<ChangeListener>();
        builder.Services.AddSingleton(services => new MetadataRetention(
            services.GetRequiredService<MetadataDatabase>(),
            services.GetRequiredService<DataDirectory>(),
            services.GetRequiredService<IOptions<SchedulingOptions>>(),
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<RetentionWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RetentionWorker>());
        builder.Services.AddHealthChecks().AddCheck<SchedulerHealthCheck>("scheduler");
        return builder;
    }

    /// <summary>Registers <see cref="DagRuns"/>, <see cref="DagOperations"/> and <see cref="Backfills"/> alone, for a process that looks and operates but runs nothing.</summary>
    public static IHostApplicationBuilder AddSchedulingQueries(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddDataDirectory();
        builder.Services.AddOptions<SchedulingOptions>().BindConfiguration(SchedulingOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SchedulingOptions>, SchedulingOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<DagCatalog>();
        builder.AddMetadataDialect();
        builder.Services.TryAddSingleton<MetadataDatabase>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, MetadataInitializer>());
        builder.Services.TryAddSingleton<SchedulerSignal>();
        builder.Services.TryAddSingleton(services => new DagRuns(
            services.GetRequiredService<DagCatalog>(), services.GetRequiredService<MetadataDatabase>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton(services => new DagOperations(
            services.GetRequiredService<DagCatalog>(),
            services.GetRequiredService<MetadataDatabase>(),
            services.GetRequiredService<SchedulerSignal>(),
            services.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton(services => new Backfills(
            services.GetRequiredService<DagCatalog>(),
            services.GetRequiredService<MetadataDatabase>(),
            services.GetRequiredService<SchedulerSignal>(),
            services.GetRequiredService<TimeProvider>()));
        return builder;
    }

    private static void AddMetadataDialect(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(MetadataDialect)))
        {
            return;
        }

        if (builder.Configuration.GetConnectionString(PostgresClient.ConnectionName) is not { } postgres || string.IsNullOrWhiteSpace(postgres))
        {
            builder.Services.AddSingleton<MetadataDialect>(services => new SqliteDialect(services.GetRequiredService<DataDirectory>()));
            return;
        }

        builder.AddPostgresClient();
        builder.Services.AddSingleton<MetadataDialect>(services => new PostgresDialect(postgres, services.GetRequiredService<NpgsqlDataSource>));
    }

    /// <summary>Registers a DAG. What its tasks need they take from <see cref="TaskContext.Services"/>.</summary>
    public static IHostApplicationBuilder AddDag(this IHostApplicationBuilder builder, Func<IServiceProvider, Dag> build)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(new DagSource($"{build.Method.DeclaringType?.FullName}.{build.Method.Name}", build));
        return builder;
    }
}
