using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Scheduling;
using Pipeline.Testing;
using EventId = Microsoft.Extensions.Logging.EventId;

namespace Pipeline.Services.Tests.Telemetry;

/// <summary>What a log line says beside its words, as it leaves for a collector: the values of the message and those of the scopes around it.</summary>
public sealed class StructuredLogTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LogLines _lines = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _directory.Dispose();
        _lines.Dispose();
    }

    [Fact]
    public async Task Line_OfThePartitionsTask_SaysTopicPartitionAndOffset()
    {
        using var host = Build(builder => builder.AddProcessor());
        await host.StartAsync(Token);

        await Eventually.TrueAsync(() => Opened().Count == Topics.All.Count * Topics.Partitions);
        await host.StopAsync(Token);

        Assert.Equal(
            Topics.All.SelectMany(topic => Enumerable.Range(0, Topics.Partitions).Select(partition => (topic, partition))).Order(),
            Opened().Select(line => ((string)line["messaging.destination.name"]!, (int)line["messaging.destination.partition.id"]!)).Order());
        Assert.All(Opened(), line => Assert.Equal(0L, line["Offset"]));

        List<IReadOnlyDictionary<string, object?>> Opened() => [.. _lines.All.Where(line => line.ContainsKey("StoredUntil"))];
    }

    [Fact]
    public async Task Line_OfWhateverATaskCalls_SaysRunAndTask()
    {
        var dag = new DagBuilder("caller") { Timetable = Timetable.Manual }
            .Add(new DagTask("call", (context, _) =>
            {
                context.Services.GetRequiredService<ILoggerFactory>().CreateLogger("a client").LogWarning("{What} was called", "it");
                return Task.CompletedTask;
            })).Build();
        using var host = Build(builder => builder.AddDag(_ => dag).AddScheduling());
        await host.StartAsync(Token);

        var run = await host.Services.GetRequiredService<DagOperations>().TriggerAsync("caller", new TriggerRequest(), new Actor("test"), Token);
        await Eventually.TrueAsync(() => Called().Count > 0);
        await host.StopAsync(Token);

        var line = Assert.Single(Called());
        Assert.Equal(
            ("caller", run.RunId, "call", 1),
            ((string)line["pipeline.dag.id"]!, (string)line["pipeline.dag.run_id"]!, (string)line["pipeline.task.id"]!, (int)line["pipeline.task.try_number"]!));

        List<IReadOnlyDictionary<string, object?>> Called() => [.. _lines.All.Where(line => line.ContainsKey("What"))];
    }

    private IHost Build(Action<IHostApplicationBuilder> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        builder.Configuration["Data:Durable"] = "false";
        builder.Logging.AddProvider(_lines);
        add(builder);
        return builder.Build();
    }

    private sealed class LogLines : ILoggerProvider, ISupportExternalScope
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<IReadOnlyDictionary<string, object?>> _all = new();
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public IReadOnlyCollection<IReadOnlyDictionary<string, object?>> All => _all;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public ILogger CreateLogger(string categoryName) => new Logger(this);

        public void Dispose()
        {
            // Nothing is held.
        }

        private void Add(object? state)
        {
            var line = new Dictionary<string, object?>();
            _scopes.ForEachScope(Take, line);
            Take(state, line);
            _all.Enqueue(line);
        }

        private static void Take(object? values, Dictionary<string, object?> line)
        {
            foreach (var (name, value) in values as IEnumerable<KeyValuePair<string, object?>> ?? [])
            {
                line[name] = value;
            }
        }

        private sealed class Logger(LogLines lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => lines._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Add(state);
        }
    }
}
