using System.Buffers;
using Pipeline.Processor.Steps;
using Pipeline.Storage;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Api;

/// <summary>Reads a task's state; called on the task's thread. Changes nothing.</summary>
internal static class LiveState
{
    public static List<WindowResult> Windows(StreamTask<PipelineEvent> task, WindowQuery query)
    {
        var windows = new List<WindowResult>();
        foreach (var step in task.Topology.Steps.OfType<Metrics>())
        {
            step.Visit(query.Grain, (in window, rows) => rows.Write(window.Content, AddOf(window.Window.Start, window.IsFinal, window.IsLateUpdate)));
        }

        return windows;

        MetricRowHandler AddOf(long start, bool isFinal, bool isLate) => (string metric, string dimension, string value, in Aggregate aggregate, ISketch? sketch) =>
        {
            if (metric == query.Metric && dimension == query.Dimension)
            {
                windows.Add(new WindowResult(metric, dimension, value, query.Grain, start, aggregate, isFinal, isLate, sketch is null ? [] : [BytesOf(sketch)]));
            }
        };
    }

    public static List<SessionRow> Sessions(StreamTask<PipelineEvent> task, Guid? userId, int maxUsers)
    {
        var sessions = new List<SessionRow>();
        foreach (var step in task.Topology.Steps.OfType<Sessions>())
        {
            step.Visit(userId, maxUsers, session => sessions.Add(session with { Topic = task.TopicPartition.Topic, Partition = task.TopicPartition.Partition }));
        }

        return sessions;
    }

    private static byte[] BytesOf(ISketch sketch)
    {
        var bytes = new ArrayBufferWriter<byte>();
        sketch.WriteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
