using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>What the checkpoints of earlier versions say about their state: a data directory from then must still start.</summary>
public sealed class ProcessorUpgradeTests
{
    private const string Metrics = "events, age, latency by nationality, gender, age band, event type; v1";

    public static TheoryData<string, string> DefinitionsOfVersionOne() => new()
    {
        { "metrics-minute", $"tumbling 60000 ms, lateness 60000 ms, {Metrics}" },
        { "metrics-hour", $"tumbling 3600000 ms, lateness 60000 ms, {Metrics}" },
        { "sessions", "sessions, gap 1800000 ms, records up to 120000 ms late, counts by type, entry, exit; v1" },
    };

    [Theory]
    [MemberData(nameof(DefinitionsOfVersionOne))]
    public void Supersedes_DefinitionOfVersionOne_UnderTheSameSettings(string step, string definition)
        => Assert.True(StepOf(new ProcessorOptions(), step).Supersedes(definition));

    [Theory]
    [MemberData(nameof(DefinitionsOfVersionOne))]
    public void Supersedes_DefinitionOfVersionOne_NotUnderOtherSettings(string step, string definition)
        => Assert.False(StepOf(new ProcessorOptions { AllowedLateness = TimeSpan.FromMinutes(2) }, step).Supersedes(definition));

    [Fact]
    public void Topology_OfUsers_HasNoJoinAndNoSessions()
        => Assert.Equal(
            ["parse", "quality", "event-time", "deduplicate", "lateness", "enrich", "metrics-minute", "metrics-hour", "quality-results"],
            TopologyOf(Topics.Users, new ProcessorOptions()).Steps.Select(s => s.Name));

    private static Step<PipelineEvent> StepOf(ProcessorOptions options, string name) => TopologyOf(Topics.Activity, options).Steps.Single(s => s.Name == name);

    private static Topology<PipelineEvent> TopologyOf(string topic, ProcessorOptions options)
    {
        var rules = new QualityRules(ContractModel.Embedded);
        return ProcessorTopology.Create(topic, rules, options, new ResultSink(new TopicPartition(topic, 0), new Dashboard.StubStore(), rules, TimeProvider.System, "test"));
    }
}
