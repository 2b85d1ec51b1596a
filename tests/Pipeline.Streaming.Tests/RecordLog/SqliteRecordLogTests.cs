using Microsoft.Extensions.Time.Testing;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>What only the embedded log does: sharing a file, sharing commits, and what happens when the file or the disk is not well.</summary>
public sealed class SqliteRecordLogTests : IAsyncLifetime
{
    private const string Topic = "t";
    private static readonly TopicPartition Partition = new(Topic, 0);
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly List<SqliteRecordLog> _opened = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string LogFile => _directory.File("log.db");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var log in _opened)
        {
            await log.DisposeAsync();
        }

        _directory.Dispose();
    }

    [Fact]
    public async Task Read_AnotherLogOnTheSameFileAppends_WakesTheReader()
    {
        var mine = await OpenAsync();
        var other = await OpenAsync();
        await using var reader = mine.CreateReader("g");
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);
        await reader.ReadAsync(TimeSpan.Zero, Stop);
        var waiting = reader.ReadAsync(TimeSpan.FromSeconds(20), Stop).AsTask();

        await AppendAsync(other, "v");

        using var batch = await waiting;
        Assert.Equal(["v"], batch!.Values());
    }

    [Fact]
    public async Task Group_MembersOfDifferentLogs_ShareThePartitions()
    {
        var (mine, other) = (await OpenAsync(partitions: 4), await OpenAsync(partitions: 4));
        var (first, second) = (new RecordingListener(), new RecordingListener());
        await using var one = mine.CreateReader("g");
        await using var two = other.CreateReader("g");
        await one.SubscribeAsync([Topic], first, Stop);
        await two.SubscribeAsync([Topic], second, Stop);

        await Eventually.TrueAsync(async () =>
        {
            await one.ReadAsync(TimeSpan.Zero, Stop);
            await two.ReadAsync(TimeSpan.Zero, Stop);
            return first.Owned.Count == 2 && second.Owned.Count == 2;
        });

        Assert.Empty(first.Owned.Intersect(second.Owned));
    }

    [Fact]
    public async Task Append_ManyWaitForTheDisk_ShareOneCommit()
    {
        var log = await OpenAsync();
        var commits = await WithBlockedWriterAsync(log, () => [.. Enumerable.Range(0, 64).Select(i => AppendAsync(log, $"v{i}"))]);

        await Task.WhenAll(commits);

        Assert.Equal(1, Query("SELECT count(*) FROM batches"));
        Assert.Equal(64, Query("SELECT record_count FROM batches"));
        Assert.Equal(Enumerable.Range(0, 64), (await Task.WhenAll(commits)).Select(r => (int)r.LastOffsets[0].Offset).Order());
    }

    [Fact]
    public async Task Append_CancelledWhileWaiting_IsNotWritten()
    {
        var log = await OpenAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var appends = await WithBlockedWriterAsync(log, () =>
        {
            List<Task<AppendResult>> waiting = [AppendAsync(log, "cancelled", cancel.Token), AppendAsync(log, "kept")];
            cancel.Cancel();
            return waiting;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => appends[0]);
        await appends[1];

        using var batch = await log.FetchAsync(new Position(Partition, 0), 10, Stop);
        Assert.Equal(["kept"], batch.Values());
    }

    [Fact]
    public async Task Append_OneOfTheGroupIsRefused_TheOthersAreWritten()
    {
        var log = await OpenAsync();
        var appends = await WithBlockedWriterAsync(log, () => [AppendAsync(log, "a"), AppendToAsync(log, "nowhere"), AppendAsync(log, "b")]);

        await appends[0];
        await Assert.ThrowsAsync<RecordLogException>(() => appends[1]);
        await appends[2];

        Assert.Equal(2, (await log.DescribeAsync(Stop)).Single().HighWatermark);
    }

    [Fact]
    public async Task Append_DiskIsFull_LeavesNothingAndSucceedsWhenThereIsRoom()
    {
        const string FullDisk = "/dev/full";
        Assert.SkipUnless(File.Exists(FullDisk), "this system has no device that is always full");
        var log = await OpenAsync();
        var segment = SegmentFile(1);
        Directory.CreateDirectory(Path.GetDirectoryName(segment)!);
        File.CreateSymbolicLink(segment, FullDisk);

        var full = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, "too much"));
        File.Delete(segment);
        await AppendAsync(log, "after");

        Assert.True(full.IsTransient);
        Assert.Equal($"The disk that holds {segment} is full; nothing was written. Free some space and try again.", full.Message);
        using var batch = await log.FetchAsync(new Position(Partition, 0), 10, Stop);
        Assert.Equal(["after"], batch.Values());
    }

    [Fact]
    public async Task Append_DatabaseIsFull_LeavesNothingAndSucceedsWhenThereIsRoom()
    {
        var log = await OpenAsync();
        await AppendAsync(log, "before");
        await LimitPagesAsync(log, Query("PRAGMA page_count"));
        var written = 1;
        var full = await Assert.ThrowsAsync<RecordLogException>(async () =>
        {
            // Until the rows of batches need another page.
            for (; written < 1_000; written++)
            {
                await AppendAsync(log, "v");
            }
        });
        await LimitPagesAsync(log, int.MaxValue);
        await AppendAsync(log, "after");

        Assert.True(full.IsTransient);
        Assert.Equal($"The disk that holds {LogFile} is full; nothing was written. Free some space and try again.", full.Message);
        using var batch = await log.FetchAsync(new Position(Partition, 0), 2_000, Stop);
        Assert.Equal(["before", .. Enumerable.Repeat("v", written - 1), "after"], batch.Values());
    }

    [Fact]
    public async Task Append_TooMuchForTheDiskTogether_WhatFitsIsWritten()
    {
        var log = await OpenAsync();
        await log.Writer.DoAsync(
            t => t.Probe = step =>
            {
                if (step == LogStep.BatchWritten && new FileInfo(SegmentFile(1)).Length > 500_000)
                {
                    using var file = OpenShared(SegmentFile(1));
                    file.SetLength(300_000);
                    throw new SqliteFaultException(SqliteFaultKind.Full, file.Name, "full");
                }
            },
            Stop);

        var appends = await WithBlockedWriterAsync(log, () => [AppendAsync(log, "small"), AppendAsync(log, new string('x', 1_000_000)), AppendAsync(log, "also small")]);

        await appends[0];
        await Assert.ThrowsAsync<RecordLogException>(() => appends[1]);
        await appends[2];
        using var batch = await log.FetchAsync(new Position(Partition, 0), 10, Stop);
        Assert.Equal(["small", "also small"], batch.Values().Order(StringComparer.Ordinal).Reverse());
    }

    [Fact]
    public async Task Append_AnotherProcessHoldsTheFileTooLong_IsTransient()
    {
        var log = await OpenAsync();
        await log.Writer.DoAsync(t => t.Database.BusyTimeout = TimeSpan.FromMilliseconds(20), Stop);
        using (var other = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions()))
        using (other.BeginImmediate())
        {
            var busy = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, "v"));
            Assert.True(busy.IsTransient);
        }

        await AppendAsync(log, "v");
        Assert.Equal(1, (await log.DescribeAsync(Stop)).Single().HighWatermark);
    }

    [Theory]
    [InlineData("a byte is wrong")]
    [InlineData("the bytes are of another batch")]
    [InlineData("the row leads behind the end of the file")]
    [InlineData("the row is gone")]
    public async Task Read_BatchIsDamagedOrMissing_NamesItAndSkipsNothing(string damage)
    {
        var log = await OpenAsync();
        await AppendAsync(log, "first record");
        await AppendAsync(log, "second record");
        await AppendAsync(log, "third record");
        switch (damage)
        {
            case "a byte is wrong":
                Overwrite(SegmentFile(1), Query("SELECT position FROM batches WHERE base_offset = 1") + 30, [0]);
                break;
            case "the bytes are of another batch":
                Execute("UPDATE batches SET (position, length) = (SELECT position, length FROM batches WHERE base_offset = 0) WHERE base_offset = 1");
                break;
            case "the row leads behind the end of the file":
                Execute("UPDATE batches SET position = 100000 WHERE base_offset = 1");
                break;
            default:
                Execute("DELETE FROM batches WHERE base_offset = 1");
                break;
        }

        await using var reader = log.CreateReader("g");
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);

        using var before = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
        var damaged = await Assert.ThrowsAsync<DamagedBatchException>(async () => await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop));
        await Assert.ThrowsAsync<DamagedBatchException>(async () => await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop));
        reader.Seek(new Position(Partition, 2));
        using var behind = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);

        Assert.Equal(["first record"], before!.Values());
        Assert.False(damaged.IsTransient);
        Assert.Contains("the batch of t-0 with offset 1", damaged.Message, StringComparison.Ordinal);
        Assert.Contains(SegmentFile(1), damaged.Message, StringComparison.Ordinal);
        Assert.Equal(["third record"], behind!.Values());
    }

    [Fact]
    public async Task Read_SegmentIsGone_NamesTheFileAndSkipsNothing()
    {
        var log = await OpenAsync();
        await AppendAsync(log, "v");
        var segment = SegmentFile(1);
        File.Delete(segment);

        var damaged = await Assert.ThrowsAsync<DamagedBatchException>(async () => await log.FetchAsync(new Position(Partition, 0), 10, Stop));

        Assert.StartsWith($"{segment} is damaged", damaged.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await log.DescribeAsync(Stop)).Single().HighWatermark);
    }

    [Fact]
    public async Task Open_LogMadeAnewBesideOldSegments_LeavesThemAlone()
    {
        string old;
        await using (var log = await OpenAsync())
        {
            await AppendAsync(log, "old");
            old = SegmentFile(1);
        }

        _opened.Clear();
        foreach (var file in Directory.GetFiles(_directory.FullPath, "log.db*"))
        {
            File.Delete(file);
        }

        var bytes = await File.ReadAllBytesAsync(old, Stop);
        await AppendAsync(await OpenAsync(), "new and longer than the old one");

        Assert.Equal(bytes, await File.ReadAllBytesAsync(old, Stop));
    }

    [Fact]
    public async Task Open_PagesAreOverwritten_SaysTheFileIsDamaged()
    {
        await using (var log = await OpenAsync())
        {
            await AppendAsync(log, new string('x', 500_000));
        }

        _opened.Clear();
        await using (var file = File.OpenWrite(LogFile))
        {
            file.Position = 16 << 10;
            await file.WriteAsync(Enumerable.Repeat((byte)0xAB, (int)file.Length - (16 << 10)).ToArray(), Stop);
        }

        var damaged = await Assert.ThrowsAsync<RecordLogException>(async () =>
        {
            var log = await OpenAsync();
            (await log.FetchAsync(new Position(Partition, 0), 10, Stop)).Dispose();
        });

        Assert.Contains($"{LogFile} is damaged", damaged.Message, StringComparison.Ordinal);
        Assert.False(damaged.IsTransient);
    }

    [Fact]
    public void Open_FileIsNoDatabase_SaysSoAndLeavesItAlone()
    {
        var text = string.Concat(Enumerable.Repeat("important notes\n", 1000));
        File.WriteAllText(LogFile, text);

        Assert.Throws<RecordLogException>(Open);

        Assert.Equal(text, File.ReadAllText(LogFile));
    }

    [Fact]
    public async Task Open_FileOfANewerVersion_IsRefused()
    {
        await (await OpenAsync()).DisposeAsync();
        _opened.Clear();
        Execute("PRAGMA user_version = 99");

        var refused = Assert.Throws<RecordLogException>(Open);

        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ReadOnlyFile_SaysSo()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("permissions do not bind this user");
            return;
        }

        await (await OpenAsync()).DisposeAsync();
        _opened.Clear();
        File.SetUnixFileMode(LogFile, UnixFileMode.UserRead);
        File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var refused = await Assert.ThrowsAsync<RecordLogException>(async () => await AppendAsync(await OpenAsync(), "v"));
        File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);

        Assert.Contains("read-only", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retention_NothingOfASegmentIsLeft_ItsFileGoes()
    {
        var log = await OpenAsync(retention: TimeSpan.FromHours(1), segmentBytes: 1_000_000);
        for (var i = 0; i < 6; i++)
        {
            await AppendAsync(log, new string('x', 600_000));
        }

        var before = Segments();
        _time.Advance(TimeSpan.FromHours(2));
        await AppendAsync(log, new string('y', 300_000));
        await log.ApplyRetentionAsync(Stop);
        var while4IsInUse = Segments();
        _time.Advance(TimeSpan.FromHours(2));
        await log.ApplyRetentionAsync(Stop);
        var emptied = Segments();
        await AppendAsync(log, "after");

        Assert.Equal(["0000000001.log", "0000000002.log", "0000000003.log"], before);
        Assert.Equal(["0000000004.log"], while4IsInUse);
        Assert.Empty(emptied);
        Assert.Equal(["0000000005.log"], Segments());
        Assert.Equal(7, (await log.DescribeAsync(Stop)).Single().Start);
        using var batch = await log.FetchAsync(new Position(Partition, 7), 10, Stop);
        Assert.Equal(["after"], batch.Values());
    }

    [Fact]
    public async Task Retention_AnAppendToTheSameSegmentWaitsWithIt_TheSegmentStays()
    {
        var log = await OpenAsync(retention: TimeSpan.FromHours(1));
        await AppendAsync(log, "old");
        _time.Advance(TimeSpan.FromHours(2));
        Task<long> retention = null!;
        var appends = await WithBlockedWriterAsync(log, () =>
        {
            List<Task<AppendResult>> waiting = [AppendAsync(log, "new")];
            retention = log.ApplyRetentionAsync(Stop).AsTask();
            return waiting;
        });

        await appends[0];

        Assert.Equal(1, await retention);
        using var batch = await log.FetchAsync(new Position(Partition, 1), 10, Stop);
        Assert.Equal(["new"], batch.Values());
    }

    [Fact]
    public async Task Read_RetentionDeletedTheSegmentSinceTheSnapshot_GoesOnAtTheNewStart()
    {
        var log = await OpenAsync(retention: TimeSpan.FromHours(1), segmentBytes: 1);
        await AppendAsync(log, "old");
        _time.Advance(TimeSpan.FromHours(2));
        await AppendAsync(log, "new");
        var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        using var reader = new LogReader(database, new SegmentFiles(database, 1));
        var snapshots = 0;

        using var batch = reader.InSnapshot(Partition, offsets =>
        {
            if (snapshots++ == 0)
            {
                Assert.Equal(1, ApplyRetention(log));
            }

            return reader.Read(Partition, offsets.Start, offsets.HighWatermark, 10);
        });

        Assert.Equal(2, snapshots);
        Assert.Equal(["new"], batch.Values());
    }

    [Fact]
    public async Task Open_LogOfVersion1_IsReadGoesOnInSegmentsAndShrinksByRetention()
    {
        MakeVersion1(batches: 40, valueBytes: 600_000);
        var log = await OpenAsync(retention: TimeSpan.FromHours(1));
        await AppendAsync(log, "new");
        var values = new List<string?>();
        for (var next = 0L; next < 41;)
        {
            using var batch = await log.FetchAsync(new Position(Partition, next), 10, Stop);
            values.AddRange(batch.Values());
            next = batch.NextOffset;
        }

        var pages = Query("PRAGMA page_count");
        _time.Advance(TimeSpan.FromMinutes(30));
        await AppendAsync(log, "newer");
        _time.Advance(TimeSpan.FromMinutes(45));
        await log.ApplyRetentionAsync(Stop);

        Assert.Equal([.. Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), 600_000)), "new"], values);
        Assert.Equal(41, (await log.DescribeAsync(Stop)).Single().Start);
        Assert.Equal(0, Query("SELECT count(*) FROM payloads"));
        Assert.InRange(Query("PRAGMA page_count"), 1, pages / 2);
    }

    [Fact]
    public async Task Dispose_WhileAReaderWaits_DoesNotBreakIt()
    {
        var log = await OpenAsync();
        await using var reader = log.CreateReader("g");
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);
        await reader.ReadAsync(TimeSpan.Zero, Stop);
        var waiting = reader.ReadAsync(TimeSpan.FromSeconds(20), Stop).AsTask();

        await reader.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Fact]
    public async Task Append_AfterDispose_Throws()
    {
        var log = await OpenAsync();
        await log.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => AppendAsync(log, "v"));
    }

    private SqliteRecordLog Open() => Open(new RecordLogOptions().SegmentBytes);

    private SqliteRecordLog Open(long segmentBytes)
    {
        var directory = new DataDirectory(new DataDirectoryOptions { Directory = _directory.FullPath, Durable = false });
        var log = new SqliteRecordLog(directory, new RecordLogOptions { SegmentBytes = segmentBytes }, _time);
        _opened.Add(log);
        return log;
    }

    private async Task<SqliteRecordLog> OpenAsync(int partitions = 1, TimeSpan? retention = null, long segmentBytes = 64 << 20)
    {
        var log = Open(segmentBytes);
        await log.CreateTopicsAsync([new TopicSpec(Topic, partitions, retention)], Stop);
        return log;
    }

    private Task<AppendResult> AppendAsync(SqliteRecordLog log, string value, CancellationToken? stop = null) => AppendToAsync(log, Topic, value, stop);

    private async Task<AppendResult> AppendToAsync(SqliteRecordLog log, string topic, string value = "v", CancellationToken? stop = null)
    {
        await using var writer = log.CreateWriter();
        using var records = Records.Of(_time.GetUtcNow().ToUnixTimeMilliseconds(), ("k", value));
        return await writer.AppendAsync(topic, records, stop ?? Stop);
    }

    /// <summary>Starts things while the writer thread is held up, so that they wait together.</summary>
    private static async Task<List<Task<AppendResult>>> WithBlockedWriterAsync(SqliteRecordLog log, Func<List<Task<AppendResult>>> start)
    {
        using var entered = new SemaphoreSlim(0);
        using var release = new ManualResetEventSlim();
        var blocker = log.Writer.DoAsync(
            _ =>
            {
                entered.Release();
                return release.Wait(TimeSpan.FromSeconds(30));
            },
            Stop);
        await entered.WaitAsync(Stop);
        var started = start();
        release.Set();
        await blocker;
        return started;
    }

    private static Task<long> LimitPagesAsync(SqliteRecordLog log, long pages)
        => log.Writer.DoAsync(t => t.Database.QueryInt64($"PRAGMA max_page_count = {pages}"), Stop);

    // The writer has a thread of its own, so this one may wait.
    private static long ApplyRetention(SqliteRecordLog log) => log.ApplyRetentionAsync(Stop).AsTask().GetAwaiter().GetResult();

    private static void Overwrite(string path, long position, byte[] bytes)
    {
        using var file = OpenShared(path);
        file.Position = position;
        file.Write(bytes);
    }

    private static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private string SegmentFile(long segment)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        return new SegmentFiles(database, 1).PathOf(segment);
    }

    private List<string?> Segments()
        => [.. Directory.GetFiles(Path.GetDirectoryName(SegmentFile(1))!).Select(Path.GetFileName).Order(StringComparer.Ordinal)];

    /// <summary>A log as the first version made it: batches as rows, one record each.</summary>
    private void MakeVersion1(int batches, int valueBytes)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions { PageSize = 64 << 10, IncrementalVacuum = true });
        new SqliteMigrations(LogSchema.ApplicationId, LogSchema.Scripts[0]).Apply(database);
        database.Execute("INSERT INTO topics VALUES (1, 't', 1, NULL)");
        database.Execute($"INSERT INTO partitions VALUES (1, 1, 0, 0, {batches})");
        var encoder = new BatchEncoder();
        for (var i = 0; i < batches; i++)
        {
            using var records = Records.Of(_time.GetUtcNow().ToUnixTimeMilliseconds(), ("k", new string((char)('a' + (i % 26)), valueBytes)));
            encoder.Add(records.Slices[0], records.Bytes);
            database.Prepare("INSERT INTO payloads VALUES (?1, ?2)").Bind(1, i + 1).BindBlob(2, encoder.Finish(i)).Execute();
            database.Prepare("INSERT INTO batches VALUES (1, ?1, 1, ?2, ?2, ?3)").Bind(1, i).Bind(2, records.Slices[0].Timestamp).Bind(3, i + 1).Execute();
            encoder.Clear();
        }
    }

    private long Query(string sql)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        return database.QueryInt64(sql);
    }

    private void Execute(string sql)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        database.Execute(sql);
    }
}
