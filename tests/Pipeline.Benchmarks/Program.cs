using BenchmarkDotNet.Running;
using Pipeline.Benchmarks.RecordLog;
using Pipeline.Benchmarks.ResultStore;

// "log-append" and "log-read" measure a real log over some seconds, with processes, "store" a real result store; anything else is BenchmarkDotNet's
// (--filter '*Batch*', --list flat, ...).
switch (args)
{
    case ["log-append", .. var rest]:
        await LogThroughput.AppendAsync(LogThroughputOptions.Parse(rest));
        break;
    case ["log-read", .. var rest]:
        await LogThroughput.ReadAsync(LogThroughputOptions.Parse(rest));
        break;
    case ["store", .. var rest]:
        await StoreThroughput.RunAsync(rest);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
