using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Microsoft.JSInterop;

namespace Pipeline.Dashboard.Live;

/// <summary>
/// The connection of one viewer, one in each circuit. A browser acknowledges every update that it has drawn. One that goes on answering pings
/// and draws nothing would keep its circuit for ever, so it is dropped; the framework itself drops whoever answers nothing for 30 s.
/// </summary>
internal sealed class ViewerConnection(IOptions<DashboardOptions> options, TimeProvider clock, ILogger<ViewerConnection> logger) : CircuitHandler
{
    private volatile HubCallerContext? _connection;
    private volatile TaskCompletionSource? _hidden;

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

    /// <summary>The browser tells whether anybody can see its page: not while it is behind another tab or minimized.</summary>
    [JSInvokable]
    public void SetVisible(bool isVisible)
    {
        if (isVisible)
        {
            Interlocked.Exchange(ref _hidden, null)?.TrySetResult();
        }
        else
        {
            Interlocked.CompareExchange(ref _hidden, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);
        }
    }

    /// <summary>Returns when somebody can see the page, which is at once for most.</summary>
    public Task LooksAsync(CancellationToken cancellationToken) => _hidden?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

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
