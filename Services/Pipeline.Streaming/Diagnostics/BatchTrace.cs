using System.Diagnostics;
using System.Text;

namespace Pipeline.Streaming.Diagnostics;

/// <summary>
/// The span of one flush: never one per record. When all its records come from one trace it goes on in that trace, so that the trace of
/// an HTTP fetch ends with the stored rows; otherwise it links the producers' traces, the first distinct ones. Costs nothing while nobody listens.
/// </summary>
internal sealed class BatchTrace(TopicPartition partition, string messagingSystem)
{
    private const int MaxLinks = 16;
    private const int TraceParentLength = 55;

    private readonly List<ActivityLink> _links = [];
    private readonly byte[] _last = new byte[TraceParentLength];
    private int _records;
    private bool _hasStranger;

    public void Note(RecordBatch records)
    {
        if (!StreamingInstruments.Activities.HasListeners())
        {
            return;
        }

        _records += records.Count;
        for (var i = 0; i < records.Count && _links.Count < MaxLinks; i++)
        {
            var parent = HeaderReader.Last(records.Headers(i), "traceparent"u8);
            if (_links.Count > 0 && parent.SequenceEqual(_last))
            {
                continue;
            }

            if (parent.Length != TraceParentLength || !ActivityContext.TryParse(Encoding.ASCII.GetString(parent), null, isRemote: true, out var context))
            {
                _hasStranger = true;
                continue;
            }

            parent.CopyTo(_last);
            if (!_links.Exists(link => link.Context.TraceId == context.TraceId))
            {
                _links.Add(new ActivityLink(context));
            }
        }
    }

    public Activity? Start()
    {
        if (_records == 0)
        {
            return null;
        }

        var activity = StreamingInstruments.Activities.StartActivity(
            ActivityKind.Consumer,
            parentContext: _links.Count == 1 && !_hasStranger ? _links[0].Context : default,
            tags:
            [
                new(SemanticConventions.MessagingSystem, messagingSystem),
                new(SemanticConventions.OperationName, "process"),
                new(SemanticConventions.OperationType, "process"),
                new(SemanticConventions.DestinationName, partition.Topic),
                new(SemanticConventions.DestinationPartition, partition.Partition.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                new(SemanticConventions.BatchMessageCount, _records),
            ],
            links: [.. _links],
            name: $"process {partition.Topic}");
        _links.Clear();
        _records = 0;
        _hasStranger = false;
        return activity;
    }
}
