using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>Stands where the network begins: answers calls of the RandomUser API by a function.</summary>
internal sealed class StubApi(Func<StubCall, HttpResponseMessage> answer) : HttpMessageHandler
{
    private int _calls;

    public int Calls => _calls;

    /// <summary>Answers every call rightly.</summary>
    public static StubApi WithUsers() => new(call => call.Users());

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = answer(new StubCall(Interlocked.Increment(ref _calls), request.RequestUri!));
        if (response.Headers.Contains("X-Never"))
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return response;
    }
}

internal sealed class StubCall
{
    private readonly Dictionary<string, Microsoft.Extensions.Primitives.StringValues> _query;

    public StubCall(int number, Uri uri)
    {
        Number = number;
        _query = QueryHelpers.ParseQuery(uri.Query);
    }

    /// <summary>Counted from 1.</summary>
    public int Number { get; }

    public string Seed => _query["seed"]!;

    public int Page => int.Parse(_query["page"]!, CultureInfo.InvariantCulture);

    public int Results => int.Parse(_query["results"]!, CultureInfo.InvariantCulture);

    public HttpResponseMessage Users() => Json(Body(Results));

    /// <summary>An answer whose info is right, with this many users.</summary>
    public string Body(int users)
        => $$"""{"results":[{{string.Join(',', Enumerable.Range(0, users).Select(i => User(i)))}}],"info":{{Info()}} }""";

    public string Info(string? seed = null, int? page = null, int? results = null, string version = "1.4")
        => $$"""{"seed":"{{seed ?? Seed}}","results":{{results ?? Results}},"page":{{page ?? Page}},"version":"{{version}}"}""";

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK)
        => new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Never()
    {
        var response = new HttpResponseMessage();
        response.Headers.Add("X-Never", "1");
        return response;
    }

    /// <summary>A user as the API writes one, secrets included.</summary>
    public string User(int index, string? uuid = null)
    {
        var id = uuid ?? $"{Page:x8}-0000-4000-8000-{index:x12}";
        var postcode = index % 2 == 0 ? "12345" : "\"K1A 0B1\"";
        return $$"""
            {"gender":"female","name":{"title":"Ms","first":"Ада{{index}}","last":"Lovelace"},
            "location":{"street":{"number":123,"name":"Main St"},"city":"New York","state":"NY","country":"USA","postcode":{{postcode}},
            "coordinates":{"latitude":"1.0","longitude":"2.0"},"timezone":{"offset":"+1:00","description":"somewhere"} },
            "email":"ada{{index}}@example.com",
            "login":{"uuid":"{{id}}","username":"ada","password":"p4ssw0rd!","salt":"s4ltsalt","md5":"md5md5","sha1":"sha1sha1","sha256":"sha256sha"},
            "dob":{"date":"1990-01-15T10:30:00.123Z","age":36},"registered":{"date":"2010-01-01T00:00:00.000Z","age":16},
            "phone":"555-0100","cell":"555-0101","id":{"name":"SSN","value":"405-88-3636"},
            "picture":{"large":"https://example.com/l.jpg","medium":"https://example.com/m.jpg","thumbnail":"https://example.com/t.jpg"},"nat":"US"}
            """;
    }
}
