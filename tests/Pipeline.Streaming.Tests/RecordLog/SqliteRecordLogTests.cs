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
        var log = await OpenAsync();
        await AppendAsync(log, "before");
        await LimitPagesAsync(log, Query("PRAGMA page_count") + 4);

        var full = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, new string('x', 1_000_000)));
        await LimitPagesAsync(log, int.MaxValue);
        await AppendAsync(log, "after");

        Assert.True(full.IsTransient);
        Assert.Equal($"The disk that holds {LogFile} is full; nothing was written. Free some space and try again.", full.Message);
        using var batch = await log.FetchAsync(new Position(Partition, 0), 10, Stop);
        Assert.Equal(["before", "after"], batch.Values());
    }

    [Fact]
    public async Task Append_TooMuchForTheDiskTogether_WhatFitsIsWritten()
    {
        var log = await OpenAsync();
        await LimitPagesAsync(log, Query("PRAGMA page_count") + 4);

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
    [InlineData("UPDATE payloads SET bytes = CAST(substr(bytes, 1, 30) || x'00' || substr(bytes, 32) AS BLOB) WHERE payload_id = 2")]
    [InlineData("UPDATE payloads SET bytes = x'' WHERE payload_id = 2")]
    [InlineData("UPDATE payloads SET bytes = (SELECT bytes FROM payloads WHERE payload_id = 1) WHERE payload_id = 2")]
    [InlineData("DELETE FROM payloads WHERE payload_id = 2")]
    [InlineData("DELETE FROM batches WHERE payload_id = 2")]
    public async Task Read_BatchIsDamagedOrMissing_NamesItAndSkipsNothing(string damage)
    {
        var log = await OpenAsync();
        await AppendAsync(log, "first record");
        await AppendAsync(log, "second record");
        await AppendAsync(log, "third record");
        Execute(damage);
        await using var reader = log.CreateReader("g");
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);

        using var before = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
        var damaged = await Assert.ThrowsAsync<RecordLogException>(async () => await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop));
        await Assert.ThrowsAsync<RecordLogException>(async () => await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop));
        reader.Seek(new Position(Partition, 2));
        using var behind = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);

        Assert.Equal(["first record"], before!.Values());
        Assert.False(damaged.IsTransient);
        Assert.Contains("the batch of t-0 with offset 1", damaged.Message, StringComparison.Ordinal);
        Assert.Contains(LogFile, damaged.Message, StringComparison.Ordinal);
        Assert.Equal(["third record"], behind!.Values());
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
    public async Task Retention_MostOfTheFileIsFree_TheFileShrinks()
    {
        var log = await OpenAsync(retention: TimeSpan.FromHours(1));
        for (var i = 0; i < 12; i++)
        {
            await AppendAsync(log, new string('x', 4_000_000));
        }

        var before = Query("PRAGMA page_count");
        _time.Advance(TimeSpan.FromHours(2));
        await log.ApplyRetentionAsync(Stop);

        Assert.InRange(Query("PRAGMA page_count"), 1, before / 2);
        await AppendAsync(log, "after");
        Assert.Equal(12, (await log.DescribeAsync(Stop)).Single().Start);
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

    private SqliteRecordLog Open()
    {
        var log = new SqliteRecordLog(new DataDirectory(new DataDirectoryOptions { Directory = _directory.FullPath, Durable = false }), new RecordLogOptions(), _time);
        _opened.Add(log);
        return log;
    }

    private async Task<SqliteRecordLog> OpenAsync(int partitions = 1, TimeSpan? retention = null)
    {
        var log = Open();
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
