using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace Pipeline.Dashboard.Live;

/// <summary>
/// The connection of one viewer, one in each circuit. A browser acknowledges every update that it has drawn. One that goes on answering pings
/// and draws nothing would keep its circuit for ever, so it is dropped; the framework itself drops whoever answers nothing for 30 s.
/// </summary>
internal sealed class ViewerConnection(IOptions<DashboardOptions> options, TimeProvider clock, ILogger<ViewerConnection> logger) : CircuitHandler
{
    private volatile HubCallerContext? _connection;

    /// <summary>Returns when the browser has drawn an update; drops it when that takes too long, and goes on when it comes back.</summary>
    public async Task HasSeenAsync(Task update, CancellationToken cancellationToken)
    {
        try
        {
            await update.WaitAsync(options.Value.StalledViewerAfter, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            if (_connection is { } connection)
            {
                Log.ViewerDropped(logger, options.Value.StalledViewerAfter);
                connection.Abort();
            }

            await update.WaitAsync(cancellationToken);
        }
    }

    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        _connection = ViewerCalls.Current;
        return Task.CompletedTask;
    }

    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        _connection = null;
        return Task.CompletedTask;
    }
}

/// <summary>Whose call is being answered: a circuit is not told which connection it has.</summary>
internal sealed class ViewerCalls : IHubFilter
{
    private static readonly AsyncLocal<HubCallerContext?> Caller = new();

    /// <summary>The connection that the present call came over; <see langword="null"/> outside of calls.</summary>
    public static HubCallerContext? Current => Caller.Value;

    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        Caller.Value = invocationContext.Context;
        return await next(invocationContext);
    }
}
