using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>The embedded log on a file that is not well: damaged, of another program or version, read-only.</summary>
public sealed class SqliteRecordLogFileTests : SqliteRecordLogTest
{
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

        Opened.Clear();
        foreach (var file in Directory.GetFiles(Files.FullPath, "log.db*"))
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

        Opened.Clear();
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
        Opened.Clear();
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
        Opened.Clear();
        File.SetUnixFileMode(LogFile, UnixFileMode.UserRead);
        File.SetUnixFileMode(Files.FullPath, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var refused = await Assert.ThrowsAsync<RecordLogException>(async () => await AppendAsync(await OpenAsync(), "v"));
        File.SetUnixFileMode(Files.FullPath, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);

        Assert.Contains("read-only", refused.Message, StringComparison.Ordinal);
    }

    private static void Overwrite(string path, long position, byte[] bytes)
    {
        using var file = OpenShared(path);
        file.Position = position;
        file.Write(bytes);
    }
}
