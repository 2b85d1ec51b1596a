using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pipeline.Storage.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>The store under several real processes, and under one that is killed.</summary>
public sealed class SqliteProcessTests : IAsyncLifetime
{
    private const int BatchSize = 50;
    private readonly TempDirectory _directory = new();
    private readonly List<Process> _processes = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        _directory.Dispose();
    }

    [Fact]
    public async Task Write_ProcessIsKilled_WhatWasAcknowledgedIsThereAndNoBatchInPart()
    {
        for (var round = 0; round < 4; round++)
        {
            var writer = Start(partition: 0);
            await Eventually.TrueAsync(() => writer.Lines.Count >= 4 + round, TimeSpan.FromSeconds(60));
            writer.Process.Kill();
            await writer.Process.WaitForExitAsync(Cancel);
            var acknowledged = long.Parse(writer.Lines.Last(), CultureInfo.InvariantCulture);

            await using var store = SqliteStores.Create(_directory.FullPath);
            var progress = Assert.Single(await store.GetProgressAsync(Cancel));
            var window = Assert.Single((await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items);
            var offsets = await OffsetsAsync(store);

            Assert.True(progress.NextOffset >= acknowledged);
            Assert.Equal(progress.NextOffset, window.Aggregate.Count);
            Assert.Equal(Enumerable.Range(0, (int)progress.NextOffset).Select(i => (long)i), offsets.Order());
        }
    }

    [Fact]
    public async Task Write_AnotherProcessTakesThePartitionOver_TheFirstIsFenced()
    {
        var first = Start(partition: 0);
        await Eventually.TrueAsync(() => first.Lines.Count >= 3, TimeSpan.FromSeconds(60));

        var second = Start(partition: 0);
        await first.Process.WaitForExitAsync(Cancel);
        var seen = second.Lines.Count;
        await Eventually.TrueAsync(() => second.Lines.Count > Math.Max(3, seen), TimeSpan.FromSeconds(60));

        Assert.Equal(3, first.Process.ExitCode);
        Assert.Equal("claimed 2", second.Lines.First());
    }

    [Fact]
    public async Task Write_TwoProcessesOnTwoPartitions_BothGoOn()
    {
        var writers = new[] { Start(partition: 0), Start(partition: 1) };

        await Eventually.TrueAsync(() => writers.All(w => w.Lines.Count >= 5), TimeSpan.FromSeconds(60));

        await using var store = SqliteStores.Create(_directory.FullPath);
        var progress = await store.GetProgressAsync(Cancel);
        Assert.Equal([0, 1], progress.Select(p => p.Partition));
        Assert.All(progress, p => Assert.True(p.NextOffset >= 4 * BatchSize));
    }

    private static async Task<List<long>> OffsetsAsync(SqliteResultStore store)
    {
        var offsets = new List<long>();
        string? cursor = null;
        do
        {
            var page = await store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = cursor }, Cancel);
            offsets.AddRange(page.Items.Select(e => e.Offset));
            cursor = page.Cursor;
        }
        while (cursor is not null);

        return offsets;
    }

    private (Process Process, ConcurrentQueue<string> Lines) Start(int partition)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Pipeline.StoreProcess.dll"), _directory.FullPath, TestRows.Topic, $"{partition}", $"{BatchSize}"])
        {
            start.ArgumentList.Add(argument);
        }

        var lines = new ConcurrentQueue<string>();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lines.Enqueue(line.Data);
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        _processes.Add(process);
        return (process, lines);
    }
}
