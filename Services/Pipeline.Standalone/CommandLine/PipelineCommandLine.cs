using System.CommandLine;
using Pipeline.Standalone.Bench;
using Pipeline.Standalone.Doctor;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.CommandLine;

/// <summary>The commands and their options; what they do is elsewhere.</summary>
internal static class PipelineCommandLine
{
    private const string SettingsHelp = """
        Runs the whole event pipeline in one process: scheduled ingest, durable log, processing, result store, API and page.

        Every setting can be given as --Section:Name value, in the environment as Section__Name, or in appsettings.json:
          --Ingest:BaseUrl URL       the RandomUser API to fetch from (default: a simulator inside the process)
          --Ingest:Interval 5s       how often
          --Ingest:UsersPerRun 100   how many users each time
          --Data:Directory PATH      where everything is kept (default: data)
          --Security:Tokens:0:Value SECRET --Security:Tokens:0:Role admin
                                     who may call the API (default: everybody on this machine, nobody else)

        Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration, 4 address in use, 5 data directory in use, 6 disk full,
        7 read-only, 8 damaged database.
        """;

    private static readonly Option<string> Urls = new("--urls") { Description = "Where to listen, separated by semicolons. Default: http://localhost:5080", HelpName = "URLS", Recursive = true };
    private static readonly Option<string> Data = new("--data", "-d") { Description = "The data directory; short for --Data:Directory.", HelpName = "PATH", Recursive = true };
    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show more of the log, and stacks of errors.", Recursive = true };
    private static readonly Option<string> Token = new("--token") { Description = "The token to call a running instance with. Default: the one in Security:Tokens.", HelpName = "TOKEN", Recursive = true };
    private static readonly Option<string> Url = new("--url") { Description = "The running instance to call. Default: the one on the data directory.", HelpName = "URL", Recursive = true };
    private static readonly Option<bool> Json = new("--json") { Description = "Write JSON, for scripts.", Recursive = true };

    public static RootCommand Create(IReadOnlyList<string> configuration)
    {
        var root = new RootCommand(SettingsHelp) { Urls, Data, Url, Token, Verbose, Json };
        var run = new Command("run", "Run the pipeline until Ctrl-C (the default).");
        Func<ParseResult, Task<int>> start = parse => RunCommand.RunAsync(Settings(parse, configuration));
        root.SetAction(start);
        run.SetAction(start);
        root.Add(run);
        root.Add(Command("status", "Show where the running pipeline stands, or what its data directory holds.", (parse, _) => StatusCommand.RunAsync(Settings(parse, configuration))));
        root.Add(Replay(configuration));
        root.Add(Topology(configuration));
        root.Add(DagCommandLine.Dags(parse => Settings(parse, configuration)));
        root.Add(DagCommandLine.Tasks(parse => Settings(parse, configuration)));
        root.Add(Bench(configuration));
        root.Add(Command("doctor", "Say what is wrong with this set-up, in plain words.", (parse, token) => DoctorCommand.RunAsync(Settings(parse, configuration), token)));
        return root;
    }

    private static Command Command(string name, string description, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        var command = new Command(name, description);
        command.SetAction(action);
        return command;
    }

    private static Command Replay(IReadOnlyList<string> configuration)
    {
        var endOfInput = new Option<bool>("--end-of-input") { Description = "The log is complete: write windows and sessions that are still open as complete." };
        var replay = new Command("replay", "Rebuild the results from the log; the pipeline must not be running.") { endOfInput };
        replay.SetAction((parse, token) => ReplayCommand.RunAsync(Settings(parse, configuration), parse.GetValue(endOfInput), token));
        return replay;
    }

    private static Command Topology(IReadOnlyList<string> configuration)
    {
        var dot = new Option<bool>("--dot") { Description = "For Graphviz: pipe it into 'dot -Tsvg'." };
        var topology = new Command("topology", "Print what the pipeline does with an event, step by step; of a running pipeline with its figures.") { dot };
        topology.SetAction((parse, token) => TopologyCommand.RunAsync(Settings(parse, configuration), parse.GetValue(dot), token));
        return topology;
    }

    private static Command Bench(IReadOnlyList<string> configuration)
    {
        var names = new Argument<string[]>("name") { Description = $"What to measure: {string.Join(", ", BenchCommand.Names)}. Default: all.", Arity = ArgumentArity.ZeroOrMore };
        names.AcceptOnlyFromAmong(BenchCommand.Names);
        var events = new Option<int>("--events") { Description = "How many events, or keys of state. Default: 1000000", DefaultValueFactory = _ => 1_000_000 };
        var member = new Option<string>("--member-of") { Description = "The directory of a log that is measured already, for its second process.", Hidden = true };
        var kafka = new Option<string>("--kafka") { Description = $"Brokers (HOST:PORT) for {string.Join(", ", BenchCommand.WithKafka)}." };
        var topic = new Option<string>("--topic") { Description = "A topic of events there for kafka-windows; filled with --events of them when it is empty. Default: bench", DefaultValueFactory = _ => "bench" };
        var rate = new Option<int>("--rate") { Description = "Events a second, in hundreds, that go on coming in latency and catch-up. Default: 10000", DefaultValueFactory = _ => 10_000 };
        var bench = new Command("bench", "Measure this machine, in a temporary directory.") { names, events, member, rate, kafka, topic };
        bench.SetAction((parse, token) =>
        {
            var brokers = parse.GetValue(kafka) is { Length: > 0 } servers ? new KafkaBenchSettings(servers, parse.GetValue(topic)!) : null;
            var what = new BenchSettings(Math.Max(1, parse.GetValue(events)), parse.GetValue(member), Math.Max(100, parse.GetValue(rate)), brokers);
            return BenchCommand.RunAsync(parse.GetValue(names) ?? [], what, Settings(parse, configuration), token);
        });
        return bench;
    }

    private static HostSettings Settings(ParseResult parse, IReadOnlyList<string> configuration)
    {
        var settings = new List<string>(configuration);
        if (parse.GetValue(Urls) is { } urls)
        {
            settings.Add($"--urls={urls}");
        }

        if (parse.GetValue(Data) is { } data)
        {
            settings.Add($"--Data:Directory={data}");
        }

        return new HostSettings(settings, Output(parse), parse.GetValue(Verbose), parse.GetValue(Token), parse.GetValue(Url));
    }

    private static OutputMode Output(ParseResult parse)
        => parse.GetValue(Json) ? OutputMode.Json : Console.IsOutputRedirected ? OutputMode.Plain : OutputMode.Terminal;
}
