using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Simulator.Activity;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Simulator;

/// <summary>Puts the activity generator into a host.</summary>
public static class ActivityHosting
{
    /// <summary>
    /// Adds the seeded generator that appends to <c>user_activity</c> what the users of <c>users_topic</c> do; settings in the section <c>Activity</c>,
    /// off by <c>Activity:Enabled=false</c>. Needs a record log (<c>AddRecordLog</c>); waits for users.
    /// </summary>
    public static IHostApplicationBuilder AddActivityGenerator(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ActivityOptions>().BindConfiguration(ActivityOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ActivityOptions>, ActivityOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        if (builder.Configuration.GetValue($"{ActivityOptions.SectionName}:{nameof(ActivityOptions.Enabled)}", defaultValue: true))
        {
            foreach (var topic in Topics.All)
            {
                builder.AddTopic(topic, Topics.Partitions, Topics.DeadLettersOf(topic));
            }

            builder.Services.AddHostedService<ActivityWorker>();
        }

        return builder;
    }
}
