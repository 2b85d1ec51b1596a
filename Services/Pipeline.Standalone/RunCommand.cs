using Pipeline.Contracts;
using Pipeline.Dashboard.Status;
using Pipeline.Scheduling;
using Pipeline.Sqlite;
using Pipeline.Standalone.Live;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone;

/// <summary>Runs the whole pipeline until it is told to stop.</summary>
/// <remarks>
/// What can be refused is refused before anything is begun: settings, then the data directory, then the address. Stopping
/// drains; a worker that dies stops the process with its reason, because a pipeline that half works would look alive.
/// </remarks>
internal static class RunCommand
{
    public static async Task<int> RunAsync(HostSettings settings)
    {
        // Most of a start is code that is compiled for the first time, on one core: what needs nothing of the rest is made on the other one.
        _ = Task.Run(static () => ContractModel.Embedded);
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        PipelineApplication.UseDefaultUrl(builder);
        var starting = EmbeddedSimulator.StartUnlessNamedAsync(builder.Configuration, settings);
        PipelineApplication.AddServices(builder);
        await using var simulator = await starting;
        simulator.SetUrl(builder.Configuration);
        await using var app = builder.Build();
        _ = Task.Run(() => app.Services.GetRequiredService<DagCatalog>());
        PipelineApplication.Map(app);
        _ = Task.Run(() => ((IEndpointRouteBuilder)app).DataSources.Sum(source => source.Endpoints.Count));

        PipelineApplication.Check(app, errors);
        var directory = app.Services.GetRequiredService<DataDirectory>();
        directory.EnsureWritable();
        using var ownership = directory.LockExclusive();
        if (Addresses.FirstTaken(app.Configuration["urls"]) is { } taken)
        {
            return Fault.PortTaken(taken).Report();
        }

        await OpenStoresAsync(app.Services);
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // A worker that dies while others still start stops the host as well, and its reason is what counts.
            await app.StopAsync();
            return EndOf(app.Services, settings);
        }

        WriteInstance(app, directory);
        Greeting.Write(app, directory, simulator, settings.Output);
        var figures = ShowFiguresAsync(app, settings);
        await app.WaitForShutdownAsync();
        await figures;
        InstanceFile.Remove(directory);
        return EndOf(app.Services, settings);
    }

    /// <summary>A database that is damaged or from a newer version is told before the page is announced, not after.</summary>
    private static async Task OpenStoresAsync(IServiceProvider services)
    {
        await services.GetRequiredService<IRecordLog>().DescribeAsync(CancellationToken.None);
        try
        {
            await services.GetRequiredService<IResultStore>().InitializeAsync(CancellationToken.None);
        }
        catch (StorageException e) when (e.IsTransient && CassandraStore.IsAskedFor(services.GetRequiredService<IConfiguration>()))
        {
            // A server may come later than we; the pipeline is unhealthy until then and tries again by itself.
        }
    }

    private static void WriteInstance(WebApplication app, DataDirectory directory)
    {
        var clock = app.Services.GetRequiredService<TimeProvider>();
        new InstanceFile(Addresses.Reachable(app.Urls.First()), Environment.ProcessId, clock.GetUtcNow()).Write(directory);
    }

    private static async Task ShowFiguresAsync(WebApplication app, HostSettings settings)
    {
        var figures = new LiveFigures(app.Services.GetRequiredService<StatusReader>(), settings.Output, app.Services.GetRequiredService<TimeProvider>());
        try
        {
            await figures.ShowAsync(app.Lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            // The host stops: the figures end with it.
        }
    }

    /// <summary>The host reports a worker's death as an ordinary stop; whoever started the process must learn the difference.</summary>
    private static int EndOf(IServiceProvider services, HostSettings settings)
    {
        if (services.FaultedWorker() is not { } dead)
        {
            Greeting.WriteEnd(settings.Output);
            return ExitCode.Ok;
        }

        var reason = dead.ExecuteTask!.Exception!;
        if (settings.Verbose)
        {
            Console.Error.WriteLine(reason);
        }

        var fault = Fault.From(reason);
        return (fault with { Sentence = $"{dead.GetType().Name} stopped, and the pipeline with it: {fault.Sentence}" }).Report();
    }
}
