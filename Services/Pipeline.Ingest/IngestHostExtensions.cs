using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.EventLog;
using Pipeline.Ingest.Api;
using Pipeline.Ingest.KafkaStream;
using Pipeline.Ingest.Maintenance;
using Pipeline.Ingest.QualityReport;
using Pipeline.Ingest.RandomUser;
using Pipeline.Scheduling;
using Polly;

namespace Pipeline.Ingest;

public static class IngestHostExtensions
{
    // Longer than that, the wait belongs to the task's retry, where people see it.
    private static readonly TimeSpan LongestHttpRetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>Registers the DAGs <c>kafka_stream</c>, <c>quality_report</c> and <c>maintenance</c> with their scheduler, the record log with its topics, and what <see cref="MapIngestApi"/> needs.</summary>
    public static IHostApplicationBuilder AddIngest(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddIngestDags();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(_ => new QualityRules(ContractModel.Embedded));
        builder.Services.TryAddSingleton<UserRateLimiter>();
        builder.Services.TryAddSingleton<IngestInstruments>();
        builder.Services.TryAddSingleton<ActivityItem>();
        builder.Services.TryAddSingleton<IngestApi>();
        builder.AddEventLog();
        builder.AddRandomUserClient();
        builder.AddApiSecurity();
        builder.AddScheduling();
        return builder;
    }

    /// <summary>Registers the DAGs alone, for a process that looks at them and operates them but runs nothing.</summary>
    public static IHostApplicationBuilder AddIngestDags(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<IngestOptions>()
            .Configure<IConfiguration>(static (options, configuration) => options.Interval = DefaultInterval(configuration))
            .BindConfiguration(IngestOptions.SectionName)
            .ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IngestOptions>, IngestOptionsValidator>());
        builder.AddDag(KafkaStreamDag.Build);
        builder.AddDag(QualityReportDag.Build);
        builder.AddDag(MaintenanceDag.Build);
        return builder;
    }

    /// <summary>A stack of servers is for keeps and is polite to the API; the embedded one is there to be watched.</summary>
    private static TimeSpan DefaultInterval(IConfiguration configuration)
        => string.IsNullOrWhiteSpace(configuration.GetConnectionString("kafka")) ? IngestOptions.EmbeddedInterval : IngestOptions.ServersInterval;

    /// <summary>Maps <c>POST /api/events</c>.</summary>
    public static IEndpointRouteBuilder MapIngestApi(this IEndpointRouteBuilder endpoints)
    {
        IngestApi.Map(endpoints);
        return endpoints;
    }

    private static void AddRandomUserClient(this IHostApplicationBuilder builder)
    {
        var client = builder.Services.AddHttpClient<RandomUserClient>(http => http.Timeout = Timeout.InfiniteTimeSpan);
#pragma warning disable EXTEXP0001 // The defaults of all clients give up after 10 s; a page of 5,000 users takes longer.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        client.AddResilienceHandler("randomuser", (pipeline, context) =>
        {
            var clock = context.ServiceProvider.GetRequiredService<TimeProvider>();
            pipeline.TimeProvider = clock;
            pipeline.AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(300),
                MaxDelay = LongestHttpRetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldRetryAfterHeader = true,
                ShouldHandle = attempt => ValueTask.FromResult(IsWorthRetrying(attempt.Outcome, clock)),
            });
        });
    }

    private static bool IsWorthRetrying(Outcome<HttpResponseMessage> outcome, TimeProvider clock) => outcome switch
    {
        { Exception: HttpRequestException } => true,
        { Result: { } response } => ((int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
            && RandomUserClient.RetryAfter(response, clock.GetUtcNow()) <= LongestHttpRetryDelay,
        _ => false,
    };
}
