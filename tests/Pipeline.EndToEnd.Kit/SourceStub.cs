using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.EndToEnd.Kit;

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

    /// <summary>As many people as the request asks for, as the genuine API tells them.</summary>
    public static byte[] GoodPage(HttpContext context)
    {
        var count = int.TryParse(context.Request.Query["results"], out var asked) ? asked : 3;
        var people = Enumerable.Range(1, count).Select(i =>
            $$$"""
            {"gender":"female","name":{"title":"Ms","first":"Ada{{{i}}}","last":"Example"},"location":{"street":{"number":{{{i}}},"name":"High Street"},
             "city":"Dublin","state":"Leinster","country":"Ireland","postcode":{{{10000 + i}}},"coordinates":{"latitude":"1.0","longitude":"2.0"},
             "timezone":{"offset":"+0:00","description":"London"} },"email":"ada{{{i}}}@example.com","login":{"uuid":"3f0f2a6e-6f3c-4f58-9d0e-0a4a86c0{{{i:D4}}}",
             "username":"ada{{{i}}}","password":"p","salt":"s","md5":"m","sha1":"h","sha256":"h"},"dob":{"date":"1990-01-15T10:30:00.000Z","age":36},
             "registered":{"date":"2015-01-15T10:30:00.000Z","age":11},"phone":"051-123-4567","cell":"081-123-4567","id":{"name":"PPS","value":"1234567T"},
             "picture":{"large":"https://example.com/l.jpg","medium":"https://example.com/m.jpg","thumbnail":"https://example.com/t.jpg" },"nat":"IE"}
            """);
        return Encoding.UTF8.GetBytes($$$"""{"results":[{{{string.Join(',', people)}}}],"info":{"seed":"{{{context.Request.Query["seed"]}}}","results":{{{count}}},"page":1,"version":"1.4"}}""");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
