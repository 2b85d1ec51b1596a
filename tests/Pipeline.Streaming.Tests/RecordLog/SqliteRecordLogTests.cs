using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>What only the embedded log does: sharing a file, sharing commits, and what happens when the disk is full.</summary>
public sealed class SqliteRecordLogTests : SqliteRecordLogTest
{
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

    private static Task<long> LimitPagesAsync(SqliteRecordLog log, long pages)
        => log.Writer.DoAsync(t => t.Database.QueryInt64($"PRAGMA max_page_count = {pages}"), Stop);
}
