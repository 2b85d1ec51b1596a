using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Testing;

namespace Pipeline.Sqlite.Tests;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void File_DirectoryMissing_CreatesIt()
    {
        var path = Directory("a/b").File("log.db");

        Assert.Equal(_temp.File("a/b/log.db"), path);
        Assert.True(System.IO.Directory.Exists(_temp.File("a/b")));
    }

    [Fact]
    public void EnsureWritable_Writable_LeavesNoFileBehind()
    {
        Directory("a").EnsureWritable();

        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(_temp.File("a")));
    }

    [Fact]
    public void File_PlaceIsTakenByAFile_SaysSo()
    {
        File.WriteAllText(_temp.File("a"), "");

        var refused = Assert.Throws<DataDirectoryException>(() => Directory("a/b").File("log.db"));

        Assert.Contains(_temp.File("a"), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LockExclusive_AnotherHoldsIt_NamesTheHolder()
    {
        using var held = Directory("a").LockExclusive();

        var refused = Assert.Throws<DataDirectoryException>(() => Directory("a").LockExclusive());

        Assert.Contains($"process {Environment.ProcessId}, started ", refused.Message, StringComparison.Ordinal);
        Assert.Throws<DataDirectoryException>(() => Directory("a").LockShared());
    }

    [Fact]
    public void LockShared_AnotherShares_BothHoldIt()
    {
        using var first = Directory("a").LockShared();
        using var second = Directory("a").LockShared();

        Assert.Throws<DataDirectoryException>(() => Directory("a").LockExclusive());
    }

    [Fact]
    public void LockExclusive_HolderIsGone_Succeeds()
    {
        Directory("a").LockExclusive().Dispose();

        using var again = Directory("a").LockExclusive();

        Assert.NotNull(again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("taken")]
    public async Task Start_DirectorySettingIsWrong_FailsNamingTheSetting(string directory)
    {
        File.WriteAllText(_temp.File("taken"), "");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Data:Directory", directory.Length == 0 ? "" : _temp.File(directory))]);
        builder.AddDataDirectory();
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("Data:Directory", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddDataDirectory_CalledTwice_GivesTheConfiguredDirectory()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Data:Directory", _temp.File("x")), new("Data:Durable", "false")]);
        builder.AddDataDirectory().AddDataDirectory();
        using var host = builder.Build();

        var directory = host.Services.GetRequiredService<DataDirectory>();

        Assert.Equal(_temp.File("x"), directory.FullPath);
        Assert.False(directory.Durable);
    }

    private DataDirectory Directory(string name) => new(new DataDirectoryOptions { Directory = _temp.File(name) });
}
