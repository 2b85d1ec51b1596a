using System.Text;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests;

public sealed class RunFilesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_ThenOpen_GivesTheBytes_AndReplacesAnEarlierFile()
    {
        using var directory = new TempDirectory();
        var files = new RunFiles(directory.FullPath, "d", "manual__2026-11-23T15:10:00+00:00");

        await files.WriteAsync("users.json", (stream, cancel) => stream.WriteAsync(Encoding.UTF8.GetBytes("a longer first one"), cancel).AsTask(), Cancellation);
        var length = await files.WriteAsync("users.json", (stream, cancel) => stream.WriteAsync(Encoding.UTF8.GetBytes("hello"), cancel).AsTask(), Cancellation);

        using var reader = new StreamReader(files.OpenRead("users.json"));
        Assert.Equal("hello", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal(5, length);
        Assert.DoesNotContain(':', Path.GetFileName(files.FullPath));
    }

    [Fact]
    public async Task Write_ThatFails_LeavesNothing()
    {
        using var directory = new TempDirectory();
        var files = new RunFiles(directory.FullPath, "d", "r");

        await Assert.ThrowsAsync<InvalidOperationException>(() => files.WriteAsync(
            "users.json",
            async (stream, cancel) =>
            {
                await stream.WriteAsync(new byte[100_000], cancel);
                throw new InvalidOperationException("half way");
            },
            Cancellation));

        Assert.Empty(Directory.EnumerateFiles(directory.FullPath, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("../users.json")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("")]
    public void Open_NotAPlainName_IsRefused(string name)
    {
        using var directory = new TempDirectory();

        Assert.Throws<ArgumentException>(() => new RunFiles(directory.FullPath, "d", "r").OpenRead(name));
    }

    [Fact]
    public void Directory_OfAnyRunId_StaysInsideTheDataDirectory()
    {
        using var directory = new TempDirectory();

        foreach (var id in new[] { "..", "../../etc", "a\\b", "a b:c", "" })
        {
            var path = new RunFiles(directory.FullPath, "d", id + "x").FullPath;
            Assert.Equal(Path.Combine(directory.FullPath, "runs", "d"), Path.GetDirectoryName(Path.GetFullPath(path)));
        }
    }

    [Fact]
    public async Task Prune_OldDirectories_GoUnlessTheirRunIsActive()
    {
        using var directory = new TempDirectory();
        var (old, active) = (new RunFiles(directory.FullPath, "d", "old"), new RunFiles(directory.FullPath, "d", "active"));
        foreach (var files in new[] { old, active })
        {
            await files.WriteAsync("f", (stream, cancel) => stream.WriteAsync(new byte[1], cancel).AsTask(), Cancellation);
        }

        var removed = RunFiles.Prune(directory.FullPath, TimeProvider.System.GetUtcNow().AddMinutes(1), path => path == active.FullPath);

        Assert.Equal(1, removed);
        Assert.Throws<FileNotFoundException>(() => old.OpenRead("f"));
        active.OpenRead("f").Dispose();
    }
}
