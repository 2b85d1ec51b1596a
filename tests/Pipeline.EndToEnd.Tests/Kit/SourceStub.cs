using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.EndToEnd.Tests.Kit;

/// <summary>A RandomUser API on loopback that answers as the test says.</summary>
internal sealed class SourceStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _calls;

    private SourceStub(WebApplication app) => _app = app;

    public int Calls => Volatile.Read(ref _calls);

    public string BaseUrl => $"{_app.Urls.First()}/api/1.4/";

    /// <param name="answer">Gets the number of the call, from 1.</param>
    public static async Task<SourceStub> StartAsync(Func<HttpContext, int, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var stub = new SourceStub(builder.Build());
        stub._app.Run(context => answer(context, Interlocked.Increment(ref stub._calls)));
        await stub._app.StartAsync(TestContext.Current.CancellationToken);
        return stub;
    }

    public static Task JsonAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.Body.WriteAsync(json).AsTask();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
