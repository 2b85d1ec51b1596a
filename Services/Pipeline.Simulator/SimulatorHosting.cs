using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Simulator.Api;
using Pipeline.Simulator.Faults;
using Pipeline.Simulator.Formats;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator;

/// <summary>Puts the RandomUser simulator into a host.</summary>
public static class SimulatorHosting
{
    /// <summary>Adds what <see cref="MapSimulator"/> needs; settings in the section <c>Simulator</c>.</summary>
    public static IHostApplicationBuilder AddSimulator(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<SimulatorOptions>().BindConfiguration(SimulatorOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SimulatorOptions>, SimulatorOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<NationalityCatalog>();
        builder.Services.TryAddSingleton<PersonGenerator>();
        builder.Services.TryAddSingleton<PageWriter>();
        builder.Services.TryAddSingleton<UserQuota>();
        builder.Services.TryAddSingleton<FaultPlan>();
        builder.Services.TryAddSingleton<FaultResponse>();
        builder.Services.TryAddSingleton<RandomUserApi>();
        return builder;
    }

    /// <summary>
    /// Maps <c>/api/</c> and <c>/api/1.4/</c>, and <c>/_faults</c> where the settings allow it.
    /// </summary>
    /// <param name="prefix">Path in front of them, for a host that has an <c>/api</c> of its own; the base URL is then <c>{host}{prefix}/api/</c>.</param>
    public static IEndpointRouteBuilder MapSimulator(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        // Made now: the windows of the rate limit start with the service, and the first call does not wait for the lists of names.
        endpoints.ServiceProvider.GetRequiredService<RandomUserApi>();
        var group = endpoints.MapGroup(prefix);
        group.MapGet("/api/{version?}", (HttpContext context, RandomUserApi api, string? version) => api.HandleAsync(context, version)).ExcludeFromDescription();
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<SimulatorOptions>>().Value.Faults.AllowSwitches)
        {
            FaultsApi.Map(group);
        }

        return endpoints;
    }
}
