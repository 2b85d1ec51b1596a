using System.Buffers;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Simulator.Activity;

/// <summary>Appends the generated activity to <c>user_activity</c>, one append per tick, once there are users and the topic.</summary>
internal sealed class ActivityWorker(IRecordLog log, IOptions<ActivityOptions> options, TimeProvider time, ILogger<ActivityWorker> logger) : BackgroundService
{
    // After a longer silence (a suspended machine, a log that was down) what would have happened meanwhile is not made up.
    private static readonly TimeSpan LongestCatchUp = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ActivityOptions _options = options.Value;
    private readonly ArrayBufferWriter<byte> _value = new();
    private readonly List<ActivityArrival> _arrivals = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var users = new KnownUsers(_options.MaxUsers);
        var feed = new UserFeed(log, users, _options.MaxUsers);
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        await WaitForUsersAsync(feed, users, stoppingToken);
        Log.ActivityStarted(logger, users.Count, _options.EventsPerSecond);

        var generator = WarmUp(users);
        var refreshed = time.GetTimestamp();
        var last = Now();
        while (true)
        {
            await Task.Delay(_options.Tick, time, stoppingToken);
            var now = Now();
            if (now - last > LongestCatchUp.TotalMilliseconds)
            {
                Log.ActivitySkipped(logger, TimeSpan.FromMilliseconds(now - last));
                generator = WarmUp(users);
            }

            last = now;
            generator.Advance(now, _arrivals);
            Fill(records, now);
            await AppendAsync(writer, records, stoppingToken);
            if (time.GetElapsedTime(refreshed) >= _options.UserRefresh)
            {
                await TryRefreshAsync(feed, stoppingToken);
                refreshed = time.GetTimestamp();
            }
        }
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task WaitForUsersAsync(UserFeed feed, KnownUsers users, CancellationToken cancellationToken)
    {
        while (!await TryRefreshAsync(feed, cancellationToken) || users.Count == 0)
        {
            await Task.Delay(_options.Tick, time, cancellationToken);
        }
    }

    /// <summary>
    /// Looks for users; true when there is a topic to append to as well. A failure waits for the next time: new users are no
    /// reason to stop, and the partition may have lost its oldest records between two calls.
    /// </summary>
    private async ValueTask<bool> TryRefreshAsync(UserFeed feed, CancellationToken cancellationToken)
    {
        try
        {
            return await feed.RefreshAsync(cancellationToken);
        }
        catch (RecordLogException e)
        {
            Log.UsersNotRead(logger, e);
            await Task.Delay(RetryDelay, time, cancellationToken);
            return false;
        }
    }

    /// <summary>A generator that has run long enough already for sessions to be under way and late events to be on their way.</summary>
    private ActivityGenerator WarmUp(KnownUsers users)
    {
        var now = Now();
        users.EndSessions();
        var generator = new ActivityGenerator(_options, users, now - (long)_options.MaxLateness.TotalMilliseconds);
        generator.Advance(now, _arrivals);
        _arrivals.Clear();
        return generator;
    }

    private void Fill(RecordBatchBuilder records, long now)
    {
        Span<byte> key = stackalloc byte[UuidText.Length];
        foreach (var arrival in _arrivals)
        {
            UuidText.Write(key, arrival.Event.UserId);
            if (arrival.Poison == PoisonKind.None)
            {
                _value.ResetWrittenCount();
                ActivityEventJson.Write(_value, arrival.Event);
                records.Add(key, _value.WrittenSpan, now);
            }
            else
            {
                records.Add(key, PoisonValue.Of(arrival.Event, arrival.Poison), now);
            }
        }

        _arrivals.Clear();
    }

    /// <summary>Goes on trying while the log says that it may yet succeed; any other failure ends the host, as a worker that is silently dead helps nobody.</summary>
    private async ValueTask AppendAsync(IRecordWriter writer, RecordBatchBuilder records, CancellationToken cancellationToken)
    {
        while (records.Count > 0)
        {
            try
            {
                await writer.AppendAsync(Topics.Activity, records, cancellationToken);
                records.Clear();
            }
            catch (RecordLogException e) when (e.IsTransient)
            {
                Log.ActivityRetries(logger, e, RetryDelay);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }
}
