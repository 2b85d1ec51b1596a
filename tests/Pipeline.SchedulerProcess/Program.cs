using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.SchedulerProcess;
using Pipeline.Scheduling;

// A scheduler in a process of its own, for tests that need several of them, kill one or stop one:
//   --ConnectionStrings:postgres=… --Data:Directory=… [--Scheduling:…] [--Slowness=1]
// Its DAG writes when each try began and ended into the table "effect" of the same database, guarded by the fencing token.
var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Configuration.AddCommandLine(args);
builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
var connectionString = builder.Configuration.GetConnectionString("postgres")!;
var slowness = builder.Configuration.GetValue("Slowness", 1);
builder.AddDag(_ => EffectDag.Build(connectionString, slowness));
builder.AddScheduling();
using var host = builder.Build();
await host.StartAsync();
Console.Out.WriteLine("started");
await host.WaitForShutdownAsync();
