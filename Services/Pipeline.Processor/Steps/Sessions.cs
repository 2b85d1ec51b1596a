using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Processor.Steps;

/// <summary>Sessions of each user, from activity.</summary>
internal sealed class Sessions : Step<PipelineEvent>
{
    private const string Version = "counts by type, entry, exit, late updates; v3";
    private static readonly string[] VersionsBefore = ["counts by type, entry, exit; v1", "counts by type, entry, exit, late updates; v2"];

    private readonly SessionWindows _windows;
    private readonly long _latestWindow;
    private readonly ResultSink _sink;
    private readonly SessionAggregator<Guid, SessionCell> _aggregator;
    private readonly SessionEmitter<Guid, SessionCell> _emit;
    private readonly Action<Guid, long> _remove;

    public Sessions(SessionWindows windows, TumblingWindows finest, AllowedLateness allowedLateness, ResultSink sink)
        : base("sessions")
    {
        _windows = windows;
        _latestWindow = finest.Size + allowedLateness.Milliseconds;
        _sink = sink;
        _aggregator = new SessionAggregator<Guid, SessionCell>(windows, _latestWindow, SessionCell.Merge);
        _emit = Emit;
        _remove = (user, start) => _sink.RemoveSession(new SessionKey(user, SessionId.Of(user, start), start));
    }

    public override string StateDefinition => $"{_windows}, records up to {_latestWindow} ms late, {Version}";

    public override long StateEntries => _aggregator.Count;

    public override long Refused => _aggregator.Refused;

    public override bool Supersedes(string definition)
        => VersionsBefore.Any(version => definition == $"{SessionWindows.WithGap(TimeSpan.FromMilliseconds(_windows.Gap))}, records up to {_latestWindow} ms late, {version}");

    public override bool HasUnflushed => _aggregator.HasUnemitted;

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var events = batch.Events;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < events.Length; i++)
        {
            if (batch.IsPending(i))
            {
                ref readonly var e = ref events[i].Decoded;
                _aggregator.Update(e.UserId, e.EventTime, new Watermark(watermarks[i])).Add(e.EventType, e.EventTime);
            }
        }
    }

    public override void OnWatermark(Watermark watermark) => _aggregator.Advance(watermark);

    public override void Flush(bool early) => _aggregator.Emit(early, _emit, _remove);

    public override void StartIncomplete(long coveredFrom) => _aggregator.StartIncomplete(coveredFrom);

    public override void Save(StateWriter writer) => _aggregator.Save(writer);

    public override void Restore(ref StateReader reader) => _aggregator.Restore(ref reader);

    /// <summary>Shows sessions that still take events as they are now: one user's, or those of some users.</summary>
    public void Visit(Guid? userId, int maxUsers, Action<SessionRow> visit)
    {
        if (userId is { } user)
        {
            _aggregator.Visit(user, (in Session<Guid, SessionCell> session) => visit(RowOf(in session)));
        }
        else
        {
            _aggregator.VisitSome(maxUsers, (in Session<Guid, SessionCell> session) => visit(RowOf(in session)));
        }
    }

    private void Emit(in Session<Guid, SessionCell> session) => _sink.AddSession(RowOf(in session));

    private static SessionRow RowOf(in Session<Guid, SessionCell> session) => new(
        SessionId.Of(session.Key, session.Start),
        session.Key,
        session.Start,
        session.Last,
        session.Accumulator.Events,
        session.Accumulator.CountsAsJson(),
        session.Accumulator.Entry.WireName(),
        session.Accumulator.Exit.WireName(),
        session.IsClosed,
        session.IsLateUpdate,
        Topic: "",
        Partition: 0);
}
