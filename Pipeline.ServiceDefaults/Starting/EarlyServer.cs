using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.ServiceDefaults.Starting;

/// <summary>
/// The web server, which can be opened before the service has started: another application answers until then. Nothing is refused between
/// the two, because the server stays the same.
/// </summary>
internal sealed class EarlyServer(IServer server) : IServer, IHttpApplication<EarlyServer.Request>
{
    private volatile Answering? _answering;

    public IFeatureCollection Features => server.Features;

    /// <summary>Puts itself before the web server of the host, where it has one.</summary>
    public static bool TryDecorate(IServiceCollection services)
    {
        if (services.LastOrDefault(service => service.ServiceType == typeof(IServer)) is not { ImplementationType: { } type } registered)
        {
            return false;
        }

        services.Remove(registered);
        services.AddSingleton<IServer>(provider => new EarlyServer((IServer)ActivatorUtilities.CreateInstance(provider, type)));
        return true;
    }

    /// <summary>Opens the server with an application that answers until the service's own is there.</summary>
    public Task OpenAsync<TContext>(IHttpApplication<TContext> until, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _answering = new Answering<TContext>(until);
        return server.StartAsync(this, cancellationToken);
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        if (_answering is null)
        {
            return server.StartAsync(application, cancellationToken);
        }

        _answering = new Answering<TContext>(application);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(cancellationToken);

    public Request CreateContext(IFeatureCollection contextFeatures)
    {
        var by = _answering!;
        return new Request(by, by.Create(contextFeatures));
    }

    public Task ProcessRequestAsync(Request context) => context.By.ProcessAsync(context.Context);

    public void DisposeContext(Request context, Exception? exception) => context.By.Dispose(context.Context, exception);

    public void Dispose() => server.Dispose();

    /// <summary>A request belongs to the application that began it.</summary>
    internal readonly record struct Request(Answering By, object Context);

    internal abstract class Answering
    {
        public abstract object Create(IFeatureCollection features);

        public abstract Task ProcessAsync(object context);

        public abstract void Dispose(object context, Exception? exception);
    }

    private sealed class Answering<TContext>(IHttpApplication<TContext> application) : Answering
        where TContext : notnull
    {
        public override object Create(IFeatureCollection features) => application.CreateContext(features);

        public override Task ProcessAsync(object context) => application.ProcessRequestAsync((TContext)context);

        public override void Dispose(object context, Exception? exception) => application.DisposeContext((TContext)context, exception);
    }
}
