using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.EventLog.Schemas;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.EventLog;

public static class EventLogHostExtensions
{
    // The client tries longer; whoever asks for a service's health does not wait that long.
    private static readonly TimeSpan HealthCheckLimit = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Registers the record log with the contract's topics: they are created when the host starts, and their schemas are registered first when
    /// <c>ConnectionStrings:schema-registry</c> names a registry. Several components may ask for it.
    /// </summary>
    public static IHostApplicationBuilder AddEventLog(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(EventLogMarker)))
        {
            return builder;
        }

        builder.Services.AddSingleton<EventLogMarker>();
        builder.Services.AddOptions<SchemaRegistryOptions>().BindConfiguration(SchemaRegistryOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SchemaRegistryOptions>, SchemaRegistryOptionsValidator>());
        var registry = builder.Configuration.GetConnectionString(SchemaRegistryOptions.ConnectionName);
        if (!string.IsNullOrEmpty(registry))
        {
            builder.Services.AddRegistry(registry);
            builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SchemaInitializer>());
        }

        builder.AddRecordLog();
        if (!string.IsNullOrEmpty(registry))
        {
            builder.Services.WrapRecordLog();
        }

        foreach (var topic in Topics.All)
        {
            builder.AddTopic(topic, Topics.Partitions, Topics.DeadLettersOf(topic));
        }

        return builder;
    }

    private static void AddRegistry(this IServiceCollection services, string address)
    {
        services.AddHealthChecks().AddCheck<SchemaRegistryHealthCheck>("schema-registry", HealthStatus.Degraded, timeout: HealthCheckLimit);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<SchemaRegistryOptions>>().Value);
        services.AddHttpClient<SchemaRegistryClient>((provider, http) =>
        {
            var options = provider.GetRequiredService<SchemaRegistryOptions>();
            http.BaseAddress = new Uri(address.EndsWith('/') ? address : address + "/");
            http.Timeout = options.RequestTimeout;
            http.DefaultRequestHeaders.Accept.ParseAdd("application/vnd.schemaregistry.v1+json, application/json");
            http.DefaultRequestHeaders.Authorization = options switch
            {
                { Token: { Length: > 0 } token } => new AuthenticationHeaderValue("Bearer", token),
                { Username: { Length: > 0 } user } => new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"))),
                _ => null,
            };
        });
        services.TryAddSingleton(provider => new EventSchemas(
            provider.GetRequiredService<SchemaRegistryClient>(), provider.GetRequiredService<SchemaRegistryOptions>(), provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Puts the translation around whatever log was chosen.</summary>
    private static void WrapRecordLog(this IServiceCollection services)
    {
        var inner = services.Last(service => service.ServiceType == typeof(IRecordLog));
        services.Remove(inner);
        services.AddSingleton<IRecordLog>(provider => new SchemaRecordLog(
            (IRecordLog)(inner.ImplementationInstance ?? inner.ImplementationFactory!(provider)),
            provider.GetRequiredService<EventSchemas>(),
            provider.GetRequiredService<SchemaRegistryOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SchemaRecordLog>>()));
    }

    private sealed class EventLogMarker;
}
