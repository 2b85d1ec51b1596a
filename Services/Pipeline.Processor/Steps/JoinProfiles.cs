using Pipeline.Contracts;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;

namespace Pipeline.Processor.Steps;

/// <summary>
/// Gives activity the nationality, gender and age that its user's profile had at the time of the event. A profile counts for records that were
/// appended at least the delay after it, and for events that are not older than it.
/// </summary>
/// <remarks>
/// Both conditions are read from the log, so a replay joins the same, as long as a profile can be read within half the delay after the
/// timestamp it was appended with; one that comes later counts from when it is there, and is counted (<see cref="Behind"/>).
/// </remarks>
internal sealed class JoinProfiles(QualityRules rules, TimeSpan delay, int maxUsers) : TableJoin<PipelineEvent>("profile", Topics.Users)
{
    // Profiles are taken in the order of their timestamps; so many are read ahead to put right what stands in another order in the log.
    private const int Disorder = 1_024;
    private const int MaxAhead = 65_536;

    private readonly long _delay = (long)delay.TotalMilliseconds;
    private readonly ProfileTable _table = new(maxUsers);
    private readonly List<Profile> _ahead = [];
    private DecodedEvent _decoded;
    private int _taken;
    private long _visibleUntil = long.MinValue;
    private long _nextTableOffset;

    public override long NextTableOffset => _nextTableOffset;

    /// <summary>Profiles that came when records for which they should count had been processed already.</summary>
    public long Behind { get; private set; }

    public override string StateDefinition => FormattableString.Invariant($"{TableTopic}, counts after {_delay} ms, at most {maxUsers} users each; v1");

    public override long Refused => Behind;

    public override long StateEntries => _table.Count + _ahead.Count - _taken;

    public override bool WantsMore(long lastTimestamp) => _ahead.Count - Disorder < _taken || _ahead[^Disorder].Timestamp <= lastTimestamp - _delay;

    public override void Accept(RecordBatch table, long firstTimestamp)
    {
        var visibleUntil = Math.Max(_visibleUntil, firstTimestamp - _delay);
        for (var i = 0; i < table.Count; i++)
        {
            var timestamp = table.Timestamp(i);
            var value = table.Value(i);
            if (!EventDecoder.Decode(value, ref _decoded).IsSuccess
                || _decoded.EventType != EventType.Profile
                || rules.Evaluate(in _decoded, value, timestamp).IsRejected)
            {
                // The topic's own task makes a dead letter of it.
                continue;
            }

            Behind += timestamp <= _visibleUntil ? 1 : 0;
            Insert(new Profile(
                timestamp, table.Offset(i), _decoded.UserId, _decoded.EventTime, new ProfileFacts(_decoded.Nationality, _decoded.Gender, (short)_decoded.Age)));
            if (_ahead.Count - _taken > Disorder)
            {
                TakeUntil(visibleUntil);
            }

            if (_ahead.Count - _taken > MaxAhead)
            {
                Take();
            }
        }

        _nextTableOffset = table.NextOffset;
    }

    public override void SkipTo(long tableOffset) => _nextTableOffset = tableOffset;

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        for (var i = 0; i < events.Length; i++)
        {
            var visible = records.Timestamp(i) - _delay;
            if (visible > _visibleUntil)
            {
                _visibleUntil = visible;
                TakeUntil(visible);
            }

            if (!batch.IsPending(i))
            {
                continue;
            }

            ref var e = ref events[i].Decoded;
            if (_table.TryGet(e.UserId, e.EventTime, out var facts))
            {
                (e.Nationality, e.Gender, e.Age) = (facts.Nationality, facts.Gender, facts.Age);
            }
        }
    }

    public override void Save(StateWriter writer)
    {
        writer.Write(_nextTableOffset);
        writer.Write(_visibleUntil);
        writer.Write(Behind);
        writer.WriteArray<Profile>(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ahead)[_taken..]);
        _table.Save(writer);
    }

    public override void Restore(ref StateReader reader)
    {
        _nextTableOffset = reader.Read<long>();
        _visibleUntil = reader.Read<long>();
        Behind = reader.Read<long>();
        System.Runtime.InteropServices.CollectionsMarshal.SetCount(_ahead, reader.ReadCount());
        reader.ReadItems(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ahead));
        _table.Restore(ref reader);
    }

    private void Insert(Profile profile)
    {
        var at = _ahead.Count;
        while (at > _taken && _ahead[at - 1].Timestamp > profile.Timestamp)
        {
            at--;
        }

        _ahead.Insert(at, profile);
    }

    private void TakeUntil(long timestamp)
    {
        while (_taken < _ahead.Count && _ahead[_taken].Timestamp <= timestamp)
        {
            Take();
        }
    }

    private void Take()
    {
        var profile = _ahead[_taken++];
        _table.Add(profile.User, profile.Since, profile.Facts);
        if (_taken >= Disorder)
        {
            _ahead.RemoveRange(0, _taken);
            _taken = 0;
        }
    }

    private readonly record struct Profile(long Timestamp, long Offset, Guid User, long Since, ProfileFacts Facts);
}
