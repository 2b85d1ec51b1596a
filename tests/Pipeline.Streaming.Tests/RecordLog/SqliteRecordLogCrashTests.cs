using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>
/// The process is killed, or the power cut, between every two steps of every transaction: at each of them the files are copied as they are,
/// and a log is opened on the copy. Records are there as whole appends, all that were acknowledged among them, and the log goes on.
/// </summary>
public sealed class SqliteRecordLogCrashTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Partitions = 2;
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What happens to bytes that nobody has waited for the disk with.</summary>
    public enum Unflushed
    {
        /// <summary>A kill: the operating system has them all.</summary>
        Stay,

        /// <summary>A power cut: half of what one append wrote is on the disk.</summary>
        AreCutInHalf,

        /// <summary>A power cut: the file is as long as it was, with other bytes.</summary>
        AreGarbage,
    }

    [Theory]
    [InlineData(Unflushed.Stay)]
    [InlineData(Unflushed.AreCutInHalf)]
    [InlineData(Unflushed.AreGarbage)]
    public async Task Log_DiesBetweenAnyTwoSteps_HoldsWholeAppendsAndGoesOn(Unflushed unflushed)
    {
        var images = new List<Image>();
        var acknowledged = 0;
        var removed = 0L;
        await using (var log = await OpenAsync("live"))
        {
            await log.Writer.DoAsync(
                t => t.Probe = step =>
                {
                    images.Add(new Image($"image{images.Count}", step, acknowledged, removed));
                    CopyFiles(_directory.File("live"), _directory.File(images[^1].Name));
                },
                Stop);
            while (acknowledged < 7)
            {
                await AppendAsync(log, acknowledged);
                acknowledged++;
                _time.Advance(TimeSpan.FromMinutes(20));
                if (acknowledged % 3 == 0)
                {
                    await log.ApplyRetentionAsync(Stop);
                    removed = await StartAsync(log);
                }
            }
        }

        foreach (var image in images)
        {
            if (image.Step is LogStep.SegmentOpened or LogStep.BatchWritten)
            {
                SpoilUnflushed(_directory.File(image.Name), unflushed);
            }

            await using var log = await OpenAsync(image.Name);
            await AssertWholeAppendsAsync(log, image);
            await AppendAsync(log, 1000);
            Assert.Equal(Append(1000), (await ReadAsync(log))[^Append(1000).Count..].Order(StringComparer.Ordinal));
            Assert.Equal(Known(image.Name), Files(image.Name));
        }

        Assert.Equal(Enum.GetValues<LogStep>(), images.Select(i => i.Step).Distinct().Order());
    }

    [Fact]
    public async Task Append_FaultAtAnyStep_IsReportedAndTheNextOneFollowsWithoutAGap()
    {
        await using var log = await OpenAsync("live");
        var expected = new List<string>();
        LogStep? fault = null;
        await log.Writer.DoAsync(
            t => t.Probe = step =>
            {
                if (step == fault)
                {
                    throw new SqliteFaultException(SqliteFaultKind.Io, "disk", $"The disk failed at {fault}.");
                }
            },
            Stop);
        foreach (var step in new[] { LogStep.SegmentOpened, LogStep.BatchWritten, LogStep.SegmentFlushed, LogStep.BeforeCommit })
        {
            fault = step;
            var failure = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, 500));
            Assert.Equal($"The disk failed at {step}.", failure.Message);

            fault = null;
            await AppendAsync(log, (int)step);
            expected.AddRange(Append((int)step));
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), (await ReadAsync(log)).Order(StringComparer.Ordinal));
    }

    /// <summary>The values of an append: some for each partition, large enough that nearly every append begins a segment.</summary>
    private static List<string> Append(int number) => [.. Enumerable.Range(0, 6).Select(i => $"{number}:{i}:" + new string('x', 10_000 * (i + number % 5)))];

    private static async Task AssertWholeAppendsAsync(SqliteRecordLog log, Image image)
    {
        var values = await ReadAsync(log);
        var appends = values.Select(v => int.Parse(v.Split(':')[0], CultureInfo.InvariantCulture)).Distinct().Order().ToList();
        Assert.Equal(appends.SelectMany(Append).Order(StringComparer.Ordinal), values.Order(StringComparer.Ordinal));

        // At a step before the commit the append under way is not there; behind it, it is, although nobody has heard of it yet.
        var count = await EndAsync(log) / Append(0).Count;
        Assert.InRange(count, image.Acknowledged, image.Acknowledged + 1);
        Assert.Equal(Enumerable.Range((int)count - appends.Count, appends.Count), appends);
        Assert.InRange(await StartAsync(log), image.Removed, long.MaxValue);
        if (image.Step < LogStep.Committed)
        {
            Assert.Equal(image.Acknowledged, count);
        }
    }

    private async Task<SqliteRecordLog> OpenAsync(string name)
    {
        Directory.CreateDirectory(_directory.File(name));
        var directory = new DataDirectory(new DataDirectoryOptions { Directory = _directory.File(name) });
        var log = new SqliteRecordLog(directory, new RecordLogOptions { SegmentBytes = 300_000 }, _time);
        await log.CreateTopicsAsync([new TopicSpec(Topic, Partitions, TimeSpan.FromMinutes(50))], Stop);
        return log;
    }

    private async Task AppendAsync(SqliteRecordLog log, int number)
    {
        await using var writer = log.CreateWriter();
        using var records = Records.Of(_time.GetUtcNow().ToUnixTimeMilliseconds(), Append(number).Select((v, i) => ((string?)$"k{i}", (string?)v)));
        await writer.AppendAsync(Topic, records, Stop);
    }

    private static async Task<List<string>> ReadAsync(SqliteRecordLog log)
    {
        var values = new List<string>();
        foreach (var offsets in await log.DescribeAsync(Stop))
        {
            for (var next = offsets.Start; next < offsets.HighWatermark;)
            {
                using var batch = await log.FetchAsync(new Position(offsets.TopicPartition, next), 1000, Stop);
                Assert.Equal(next, batch.Offset(0));
                values.AddRange(batch.Values()!);
                next = batch.NextOffset;
            }
        }

        // In the order of the appends.
        return [.. values.OrderBy(v => int.Parse(v.Split(':')[0], CultureInfo.InvariantCulture))];
    }

    private static async Task<long> StartAsync(SqliteRecordLog log) => (await log.DescribeAsync(Stop)).Sum(p => p.Start);

    private static async Task<long> EndAsync(SqliteRecordLog log) => (await log.DescribeAsync(Stop)).Sum(p => p.HighWatermark);

    /// <summary>Segment files of a log, and those that its tables know: no file may be left over for ever.</summary>
    private List<string> Files(string name)
        => [.. Directory.GetFiles(_directory.File(name), "*.log", SearchOption.AllDirectories).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private List<string> Known(string name)
    {
        using var database = SqliteDatabase.Open(Path.Combine(_directory.File(name), "log.db"), new SqliteDatabaseOptions());
        using var select = database.Prepare("SELECT segment_id FROM segments ORDER BY segment_id");
        var known = new List<string>();
        while (select.Step())
        {
            known.Add(select.GetInt64(0).ToString("D10", CultureInfo.InvariantCulture));
        }

        return known;
    }

    private static void CopyFiles(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var target = File.Create(copy);
            source.CopyTo(target);
        }
    }

    private static void SpoilUnflushed(string directory, Unflushed unflushed)
    {
        if (unflushed == Unflushed.Stay)
        {
            return;
        }

        using var database = SqliteDatabase.Open(Path.Combine(directory, "log.db"), new SqliteDatabaseOptions());
        var files = new SegmentFiles(database, 1);
        foreach (var path in Directory.GetFiles(directory, "*.log", SearchOption.AllDirectories))
        {
            var segment = long.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture);
            Assert.Equal(path, files.PathOf(segment));
            var committed = database.QueryInt64($"SELECT length FROM segments WHERE segment_id = {segment}");
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            var tail = file.Length - committed;
            if (unflushed == Unflushed.AreCutInHalf)
            {
                file.SetLength(committed + (tail / 2));
            }
            else
            {
                file.Position = committed;
                file.Write(Enumerable.Repeat((byte)0xAB, (int)tail).ToArray());
            }
        }
    }

    private sealed record Image(string Name, LogStep Step, int Acknowledged, long Removed);
}
