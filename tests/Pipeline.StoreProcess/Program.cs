using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Storage;

// A process of its own on a result store, for tests that need several of them or kill one. The store is the embedded one in the directory,
// or the one that the environment names (ConnectionStrings__cassandra):
//   DIRECTORY TOPIC PARTITION BATCH   claims the partition, goes on at its progress with batches of events and one window, and prints
//                                     "claimed EPOCH", then the next offset after each acknowledged batch; ends with code 3 when fenced.
//                                     What can be tried again is, as a processor does
var (topic, partition, size) = (args[1], int.Parse(args[2], CultureInfo.InvariantCulture), int.Parse(args[3], CultureInfo.InvariantCulture));
var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Configuration.AddInMemoryCollection([new("Data:Directory", args[0])]).AddEnvironmentVariables();
builder.AddResultStore();
using var host = builder.Build();
await using var store = host.Services.GetRequiredService<IResultStore>();

var claim = await RetriedAsync(() => store.ClaimAsync(topic, partition, $"process {Environment.ProcessId}", CancellationToken.None));
Console.Out.WriteLine($"claimed {claim.Epoch}");
var next = claim.Progress?.NextOffset ?? 0;
var batch = new ResultBatch { Progress = new PartitionProgress { Topic = topic, Partition = partition, Epoch = claim.Epoch, NextOffset = next } };
while (true)
{
    batch.Clear();
    for (var i = 0; i < size; i++, next++)
    {
        var time = 1_772_323_200_000 + next;
        var id = new Guid((uint)(time >> 16), (ushort)time, 0x8000, 0x80, (byte)partition, 0, 0, (byte)(next >> 24), (byte)(next >> 16), (byte)(next >> 8), (byte)next);
        batch.Events.Add(new EventRow(id, new Guid((int)(next % 7), 0, 0, new byte[8]), "view", time, time, topic, partition, next, "IE", "Ireland", "Europe", "female", "25-34", 0, new byte[300]));
    }

    batch.Windows.Add(new WindowRow("events", "all", "all", "minute", 0, topic, partition, new Aggregate(next, 0, 0, 0, 0), IsFinal: false, IsLateUpdate: false, default));
    batch.Progress = batch.Progress with { NextOffset = next, Consumed = next, Stored = next };
    try
    {
        await RetriedAsync(async () =>
        {
            await store.WriteAsync(batch, CancellationToken.None);
            return true;
        });
    }
    catch (StaleEpochException)
    {
        return 3;
    }

    Console.Out.WriteLine(next.ToString(CultureInfo.InvariantCulture));
}

static async ValueTask<T> RetriedAsync<T>(Func<ValueTask<T>> work)
{
    while (true)
    {
        try
        {
            return await work();
        }
        catch (StorageException e) when (e.IsTransient)
        {
            await Task.Delay(100);
        }
    }
}
