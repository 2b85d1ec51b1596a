using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Testing.Circuits;

/// <summary>
/// A page that somebody has open, without a browser: the real circuit over a real WebSocket. Rendered updates are acknowledged as the browser's
/// script does it, and calls of scripts are answered as if they had been done. One thread at a time.
/// </summary>
/// <param name="site">Address of the pipeline.</param>
/// <param name="path">The page, with its query.</param>
/// <param name="open">Opens the WebSocket; as a browser does it, with compression offered, when null.</param>
public sealed partial class CircuitViewer(Uri site, string path, Func<Uri, CancellationToken, Task<WebSocket>>? open = null) : IAsyncDisposable
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    private readonly List<long> _updates = [];
    private WebSocket? _socket;
    private string? _circuit;

    /// <summary>When each rendered update arrived, in ticks of <see cref="Stopwatch"/>.</summary>
    public IReadOnlyList<long> Updates => _updates;

    /// <summary>Bytes received so far.</summary>
    public long Bytes { get; private set; }

    public bool IsOpen => Socket.State == WebSocketState.Open;

    private WebSocket Socket => _socket ?? throw new InvalidOperationException("It is not connected.");

    /// <summary>Asks for the page and starts its circuit.</summary>
    public async Task ConnectAsync(HttpClient http, CancellationToken cancellationToken)
    {
        var html = await http.GetStringAsync(new Uri(site, path), cancellationToken);
        var components = string.Join(',', Component().Matches(html).Select(match => match.Groups[1].Value));
        var state = State().Match(html) is { Success: true } found ? found.Groups[1].Value : "";
        var address = new UriBuilder(site) { Scheme = "ws", Path = "/_blazor" }.Uri;
        _socket = await (open ?? OpenAsync)(address, cancellationToken);
        await SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"blazorpack\",\"version\":1}\u001e"), cancellationToken);
        await SendAsync(CircuitMessages.Invocation("0", "StartCircuit", site.ToString(), new Uri(site, path).ToString(), $"[{components}]", state), cancellationToken);
    }

    /// <summary>Reads until cancelled, or until a number of updates when it is to stop reading then.</summary>
    public async Task ReadAsync(int? stopAfter, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 20];
        var (filled, shookHands) = (0, false);
        var pinged = Stopwatch.GetTimestamp();
        while (stopAfter is null || _updates.Count < stopAfter)
        {
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * buffer.Length);
            }

            var received = await Socket.ReceiveAsync(buffer.AsMemory(filled), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            (filled, Bytes) = (filled + received.Count, Bytes + received.Count);
            if (!shookHands)
            {
                var end = buffer.AsSpan(0, filled).IndexOf((byte)0x1E);
                if (end < 0)
                {
                    continue;
                }

                Drop(end + 1);
                shookHands = true;
            }

            while (CircuitMessages.Read(buffer.AsSpan(0, filled)) is { } message)
            {
                Drop(message.Length);
                await AnswerAsync(message.Values, cancellationToken);
            }

            if (Stopwatch.GetElapsedTime(pinged) > PingEvery)
            {
                pinged = Stopwatch.GetTimestamp();
                await SendAsync(CircuitMessages.Ping(), cancellationToken);
            }
        }

        void Drop(int count)
        {
            buffer.AsSpan(count, filled - count).CopyTo(buffer);
            filled -= count;
        }
    }

    /// <summary>Answers pings and nothing else, until cancelled or until the server has ended the connection.</summary>
    public async Task StallAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await SendAsync(CircuitMessages.Ping(), cancellationToken);
                await Task.Delay(PingEvery, cancellationToken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            // It is over, from either side.
        }
    }

    /// <summary>Whether the server has ended the connection of a viewer that stopped reading; seen only by reading on.</summary>
    public async Task<bool> WasDroppedAsync(TimeSpan within)
    {
        using var soon = new CancellationTokenSource(within);
        var buffer = new byte[1 << 16];
        try
        {
            while ((await Socket.ReceiveAsync(buffer.AsMemory(), soon.Token)).MessageType != WebSocketMessageType.Close)
            {
            }

            return true;
        }
        catch (Exception e) when (e is WebSocketException or IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Leaves as a browser does that closes the page: the circuit ends at once instead of waiting for it to come back.</summary>
    public async Task LeaveAsync(HttpClient http, CancellationToken cancellationToken)
    {
        if (_circuit is not null)
        {
            using var form = new MultipartFormDataContent { { new StringContent(_circuit), "circuitId" } };
            using var response = await http.PostAsync(new Uri(site, "/_blazor/disconnect"), form, cancellationToken);
            response.EnsureSuccessStatusCode();
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<WebSocket> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await socket.ConnectAsync(address, cancellationToken);
        return socket;
    }

    private async Task AnswerAsync(object?[] message, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case [1L, _, _, "JS.RenderBatch", object?[] arguments, ..]:
                _updates.Add(Stopwatch.GetTimestamp());
                await SendAsync(CircuitMessages.Invocation(null, "OnRenderCompleted", arguments[0], null), cancellationToken);
                break;
            case [1L, _, _, "JS.BeginInvokeJS", object?[] { Length: > 1 } arguments, ..] when arguments[0] is long call:
                // A module that is imported has to be something that further calls can go to.
                var answer = arguments[1] is "import" ? "{\"__jsObjectId\":1}" : "null";
                await SendAsync(CircuitMessages.Invocation(null, "EndInvokeJSFromDotNet", call, true, $"[{call},true,{answer}]"), cancellationToken);
                break;
            case [1L, _, _, "JS.Error", object?[] arguments, ..]:
                throw new InvalidOperationException($"The circuit ended: {arguments.FirstOrDefault()}");
            case [3L, _, "0", 3L, string circuit]:
                _circuit = circuit;
                break;
            case [3L, _, "0", 1L, string error]:
                throw new InvalidOperationException($"No circuit: {error}");
        }
    }

    private Task SendAsync(byte[] message, CancellationToken cancellationToken)
        => Socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);

    [GeneratedRegex("<!--Blazor:(\\{[^}]*\"type\":\"server\".*?\\})-->")]
    private static partial Regex Component();

    [GeneratedRegex("<!--Blazor-Server-Component-State:(.*?)-->")]
    private static partial Regex State();
}
