using BenchmarkDotNet.Running;
using Pipeline.Benchmarks;

// "store" and "cassandra" measure real result stores, "scheduling" whole schedulers, "viewers" and "pages" the dashboard; the log and the whole are measured by the program itself (its command
// bench); anything else is BenchmarkDotNet's (--filter '*Batch*', --list flat, ...).
if (args.Length > 0 && Commands.All().TryGetValue(args[0], out var command))
{
    await command(args[1..]);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Commands).Assembly).Run(args);
}
