using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Simulator.Activity;

namespace Pipeline.Simulator;

/// <summary>Puts the activity generator into a host.</summary>
public static class ActivityHosting
{
    /// <summary>
    /// Adds the seeded generator that appends to <c>user_activity</c> what the users of <c>users_topic</c> do; settings in the section <c>Activity</c>,
    /// off by <c>Activity:Enabled=false</c>. Waits for users.
    /// </summary>
    public static IHostApplicationBuilder AddActivityGenerator(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ActivityOptions>().BindConfiguration(ActivityOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ActivityOptions>, ActivityOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        if (builder.Configuration.GetValue($"{ActivityOptions.SectionName}:{nameof(ActivityOptions.Enabled)}", defaultValue: true))
        {
            builder.AddEventLog();
            builder.Services.AddHostedService<ActivityWorker>();
        }

        return builder;
    }
}
