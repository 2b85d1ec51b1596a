using Pipeline.Contracts;
using Pipeline.Processor.Steps;
using Pipeline.Storage;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Processing.Steps;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Processor;

/// <summary>
/// What the pipeline does with an event, from top to bottom. One topology per partition; nothing in it depends on a clock or on
/// how the log cuts its batches, so that a replay gives the same rows.
/// </summary>
internal static class ProcessorTopology
{
    /// <summary>Lateness is judged by the finest window: what is too late for its minute goes to the late table.</summary>
    private static readonly TumblingWindows Finest = TumblingWindows.OfMinutes;

    internal static (string, HoppingWindows) Minutes { get; } = Grain(WindowGrain.Minute, Finest);

    private static (string, HoppingWindows) Hours { get; } = Grain(WindowGrain.Hour, TumblingWindows.OfHours);

    private static (string, HoppingWindows) RollingFiveMinutes { get; } =
        (WindowGrain.RollingFiveMinutes, HoppingWindows.Of(WindowGrain.LengthOf(WindowGrain.RollingFiveMinutes), TimeSpan.FromMinutes(1)));

    public static Topology<PipelineEvent> Create(string topic, QualityRules rules, ProcessorOptions options, ResultSink sink)
    {
        var lateness = AllowedLateness.Of(options.AllowedLateness);

        var topology = Topology.From<PipelineEvent>(topic)
            .Then(new Parse(rules))                                                             // bytes → event, or dead letter
            .Then(new Quality(rules))                                                           // row rules: dead letter, or warnings
            .WithEventTime(options.EventTime)                                                   // watermark, record by record
            .Then(new Deduplicate<PipelineEvent>(EventId, options.DedupeHorizon))               // seen before: duplicate
            .Then(new DivertLate<PipelineEvent>(Finest, lateness));                              // its minute is closed for good: late
        if (topic == Topics.Activity)
        {
            topology.Then(new JoinProfiles(rules, options.ProfileDelay, options.MaxProfiles));  // the user's nationality, gender, age
        }

        topology
            .Then(new Enrich())                                                                 // age band, …
            .Then(new Metrics(topic, lateness, sink, earlyEvery: 1, Minutes, RollingFiveMinutes)) // events, users, age, latency by dimension
            .Then(new Metrics(topic, lateness, sink, earlyEvery: 10, Hours));

        if (topic == Topics.Activity)
        {
            topology.Then(new Sessions(SessionWindows.WithGap(options.SessionGap).WithMaxLength(options.SessionMaxLength), Finest, lateness, sink));
        }

        return topology
            .Then(new QualityResults(rules, sink))                                              // how every rule did, by minute
            .To(sink, status => Rejections.Describe(rules, status));
    }

    private static (string, HoppingWindows) Grain(string name, TumblingWindows windows) => (name, HoppingWindows.Of(windows));

    private static Guid EventId(in PipelineEvent e) => e.Decoded.EventId;
}
