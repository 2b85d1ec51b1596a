using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor;

/// <summary>What the processor would do, without doing it.</summary>
public static class ProcessorPlan
{
    /// <summary>The topology of every topic under the host's settings; opens nothing.</summary>
    public static IReadOnlyList<TopologyStatus> Of(IServiceProvider services)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        var options = services.GetRequiredService<IOptions<ProcessorOptions>>().Value;
        var store = services.GetRequiredService<IResultStore>();
        var time = services.GetRequiredService<TimeProvider>();
        return
        [
            .. Topics.All.Select(topic => ProcessorTopology.Create(
                topic, rules, options, new ResultSink(new TopicPartition(topic, 0), store, rules, time, ProcessorTasks.Owner)).Snapshot()),
        ];
    }
}
