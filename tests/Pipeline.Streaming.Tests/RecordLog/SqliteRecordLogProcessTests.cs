using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>The embedded log under several real processes, and under one that is killed.</summary>
public sealed class SqliteRecordLogProcessTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Partitions = 3;
    private readonly TempDirectory _directory = new();
    private readonly List<Process> _processes = [];
    private SqliteRecordLog _log = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _log = new SqliteRecordLog(new DataDirectory(new DataDirectoryOptions { Directory = _directory.FullPath }), new RecordLogOptions(), TimeProvider.System);
        await _log.CreateTopicsAsync([new TopicSpec(Topic, Partitions, null)], Stop);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        await _log.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Append_TwoProcessesWhileAThirdReads_EverythingArrivesOnceAndInOrder()
    {
        const int Count = 3000;
        await using var reader = _log.CreateReader("g");
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);

        // Keys of one partition, so that the processes compete for its offsets.
        var keys = Enumerable.Range('a', 26).Select(c => ((char)c).ToString()).Where(k => Partitioner.ForKey([(byte)k[0]], Partitions) == 0).Take(2).ToList();
        var appenders = keys.Select(key => Start("append", key, "50", $"{Count}")).ToList();

        var read = new List<string?>();
        while (read.Count < 2 * Count && await reader.ReadAsync(TimeSpan.FromSeconds(30), Stop) is { } batch)
        {
            read.AddRange(batch.Values());
            batch.Dispose();
        }

        await Task.WhenAll(appenders.Select(a => a.Process.WaitForExitAsync(Stop)));
        Assert.All(appenders, a => Assert.Equal(0, a.Process.ExitCode));
        Assert.All(keys, key => Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{key}:{i}"), read.Where(v => v!.StartsWith(key, StringComparison.Ordinal))));
        await AssertNoGapsAsync();
    }

    [Fact]
    public async Task Read_GroupOverTwoProcesses_EveryRecordGoesToOneOfThem()
    {
        var listener = new RecordingListener();
        await using var reader = _log.CreateReader("g");
        await reader.SubscribeAsync([Topic], listener, Stop);
        var other = Start("read", "g");
        await Eventually.TrueAsync(async () =>
        {
            (await reader.ReadAsync(TimeSpan.FromMilliseconds(5), Stop))?.Dispose();
            return listener.Owned.Count is > 0 and < Partitions;
        });

        var values = Enumerable.Range(0, 600).Select(i => $"v{i}").ToList();
        await using var writer = _log.CreateWriter();
        using var records = Records.Of(values.Select(v => ((string?)v, (string?)v)));
        await writer.AppendAsync(Topic, records, Stop);
        var mine = new List<string?>();
        await Eventually.TrueAsync(async () =>
        {
            if (await reader.ReadAsync(TimeSpan.FromMilliseconds(5), Stop) is { } batch)
            {
                mine.AddRange(batch.Values());
                batch.Dispose();
            }

            return mine.Count + other.Lines.Count >= values.Count;
        });

        Assert.NotEmpty(mine);
        Assert.NotEmpty(other.Lines);
        Assert.Equal(values.Order(StringComparer.Ordinal), mine.Concat(other.Lines).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Append_ProcessIsKilled_NothingAcknowledgedIsLostAndNoGapIsLeft()
    {
        var acknowledged = new Dictionary<string, int>();
        for (var round = 0; round < 5; round++)
        {
            var prefix = $"p{round}";
            var appender = Start("append", prefix, "7", $"{int.MaxValue}");
            await Eventually.TrueAsync(() => appender.Lines.Count >= 3 + round, TimeSpan.FromSeconds(60));
            appender.Process.Kill();
            await appender.Process.WaitForExitAsync(Stop);
            acknowledged[prefix] = appender.Lines.Select(l => int.Parse(l, CultureInfo.InvariantCulture)).Max();
        }

        var values = await AssertNoGapsAsync();

        foreach (var (prefix, count) in acknowledged)
        {
            var written = values.Where(v => v.StartsWith(prefix + ":", StringComparison.Ordinal)).ToList();
            Assert.True(written.Count >= count, $"{prefix}: {count} acknowledged, {written.Count} found");
            Assert.Equal(0, written.Count % 7);
            Assert.Equal(Enumerable.Range(0, written.Count).Select(i => $"{prefix}:{i}"), written);
        }
    }

    /// <summary>Reads everything, and checks that the offsets of each partition follow each other.</summary>
    private async Task<List<string>> AssertNoGapsAsync()
    {
        var values = new List<string>();
        foreach (var offsets in await _log.DescribeAsync(Stop))
        {
            for (var next = offsets.Start; next < offsets.HighWatermark;)
            {
                using var batch = await _log.FetchAsync(new Position(offsets.TopicPartition, next), 1000, Stop);
                Assert.Equal(Enumerable.Range(0, batch.Count).Select(i => next + i), Enumerable.Range(0, batch.Count).Select(batch.Offset));
                values.AddRange(batch.Values()!);
                next = batch.NextOffset;
            }
        }

        return values;
    }

    private Helper Start(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Pipeline.LogProcess.dll"), command, _directory.FullPath, Topic, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        var helper = new Helper(Process.Start(start)!);
        _processes.Add(helper.Process);
        return helper;
    }

    private sealed class Helper
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public Helper(Process process)
        {
            Process = process;
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data is not null)
                {
                    _lines.Enqueue(line.Data);
                }
            };
            process.BeginOutputReadLine();
        }

        public Process Process { get; }

        public ConcurrentQueue<string> Lines => _lines;
    }
}
