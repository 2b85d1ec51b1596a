using BenchmarkDotNet.Running;
using Pipeline.Benchmarks;

// "log-append" and "log-read" measure a real log over some seconds, with processes, "store" and "cassandra" real result stores, "scheduling" whole schedulers;
// anything else is BenchmarkDotNet's (--filter '*Batch*', --list flat, ...).
if (args.Length > 0 && Commands.All().TryGetValue(args[0], out var command))
{
    await command(args[1..]);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
