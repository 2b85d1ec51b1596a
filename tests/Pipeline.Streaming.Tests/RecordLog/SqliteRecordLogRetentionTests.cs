using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>How the embedded log gives room back: segments whose records are all old, and the rows of its first version.</summary>
public sealed class SqliteRecordLogRetentionTests : SqliteRecordLogTest
{
    [Fact]
    public async Task Retention_NothingOfASegmentIsLeft_ItsFileGoes()
    {
        var log = await OpenAsync(retention: TimeSpan.FromHours(1), segmentBytes: 1_000_000);
        for (var i = 0; i < 6; i++)
        {
            await AppendAsync(log, new string('x', 600_000));
        }

        var before = Segments();
        Time.Advance(TimeSpan.FromHours(2));
        await AppendAsync(log, new string('y', 300_000));
        await log.ApplyRetentionAsync(Stop);
        var while4IsInUse = Segments();
        Time.Advance(TimeSpan.FromHours(2));
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
        Time.Advance(TimeSpan.FromHours(2));
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
        Time.Advance(TimeSpan.FromHours(2));
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
        Time.Advance(TimeSpan.FromMinutes(30));
        await AppendAsync(log, "newer");
        Time.Advance(TimeSpan.FromMinutes(45));
        await log.ApplyRetentionAsync(Stop);

        Assert.Equal([.. Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), 600_000)), "new"], values);
        Assert.Equal(41, (await log.DescribeAsync(Stop)).Single().Start);
        Assert.Equal(0, Query("SELECT count(*) FROM payloads"));
        Assert.InRange(Query("PRAGMA page_count"), 1, pages / 2);
    }

    // The writer has a thread of its own, so this one may wait.
    private static long ApplyRetention(SqliteRecordLog log) => log.ApplyRetentionAsync(Stop).AsTask().GetAwaiter().GetResult();

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
            using var records = Records.Of(Time.GetUtcNow().ToUnixTimeMilliseconds(), ("k", new string((char)('a' + (i % 26)), valueBytes)));
            encoder.Add(records.Slices[0], records.Bytes);
            database.Prepare("INSERT INTO payloads VALUES (?1, ?2)").Bind(1, i + 1).BindBlob(2, encoder.Finish(i)).Execute();
            database.Prepare("INSERT INTO batches VALUES (1, ?1, 1, ?2, ?2, ?3)").Bind(1, i).Bind(2, records.Slices[0].Timestamp).Bind(3, i + 1).Execute();
            encoder.Clear();
        }
    }
}
