using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.Streaming.RecordLog;

/// <summary>A topic that a component of this process needs.</summary>
internal sealed record NeededTopic(string Name, int Partitions, bool IsDeadLetters);

/// <summary>Creates the topics that components have asked for, before any of them starts to work.</summary>
internal sealed class TopicInitializer(IRecordLog log, IEnumerable<NeededTopic> topics, IOptions<TopicsOptions> options) : IHostedLifecycleService
{
    // Whatever a topic takes must fit its dead letters with their headers, or one record would stop the pipeline.
    private const int MaxDeadLetterBytes = RecordLimits.MaxRecordBytes + (1 << 20);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        TopicSpec[] specs = [.. topics.Distinct().Select(topic
            => topic.IsDeadLetters
                ? new TopicSpec(topic.Name, topic.Partitions, settings.DeadLetterRetention) { MaxRecordBytes = MaxDeadLetterBytes }
                : new TopicSpec(topic.Name, topic.Partitions, settings.Retention))];
        await log.CreateTopicsAsync(specs, cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

public static class TopicHostExtensions
{
    /// <summary>
    /// Creates a topic, and the one for its dead letters, when the host starts and before its services do. Several components may
    /// ask for the same topic. Retention by the section <c>Topics</c>.
    /// </summary>
    public static IHostApplicationBuilder AddTopic(this IHostApplicationBuilder builder, string name, int partitions, string deadLetterTopic)
    {
        builder.Services.AddOptions<TopicsOptions>().BindConfiguration(TopicsOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TopicsOptions>, TopicsOptionsValidator>());
        builder.Services.AddSingleton(new NeededTopic(name, partitions, IsDeadLetters: false));
        builder.Services.AddSingleton(new NeededTopic(deadLetterTopic, partitions, IsDeadLetters: true));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, TopicInitializer>());
        return builder;
    }
}
