using System.Net;
using System.Text;
using System.Text.Json;

namespace Pipeline.EventLog.Tests;

/// <summary>A registry in memory, behind an HTTP client: answers as the genuine one does, or not at all.</summary>
internal sealed class RegistryStub : HttpMessageHandler
{
    private readonly List<(int Id, string Subject, string Type, string Schema)> _schemas = [];
    private readonly HashSet<string> _levels = [];

    public bool IsDown { get; set; }

    /// <summary>What is wrong with the next version of anything.</summary>
    public string? Incompatibility { get; set; }

    /// <summary>Another service registers and sets the same just before, and the second is told that it is there, as Apicurio does it.</summary>
    public bool AnotherIsFaster { get; set; }

    /// <summary>No level of compatibility is taken.</summary>
    public bool RefusesLevels { get; set; }

    public List<string> Requests { get; } = [];

    public HttpClient CreateClient() => new(this, disposeHandler: false) { BaseAddress = new Uri("http://registry/") };

    public int Add(string type, string schema, string subject = "foreign")
    {
        _schemas.Add((_schemas.Count + 1, subject, type, schema));
        return _schemas.Count;
    }

    public IReadOnlyList<string> Subjects => [.. _schemas.Select(s => s.Subject).Distinct()];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (IsDown)
        {
            throw new HttpRequestException("Connection refused");
        }

        var path = request.RequestUri!.AbsolutePath;
        Requests.Add($"{request.Method} {path}");
        var body = request.Content is null ? default : JsonDocument.Parse(await request.Content.ReadAsStringAsync(cancellationToken)).RootElement;
        var parts = path.Trim('/').Split('/');
        return parts switch
        {
            ["compatibility", ..] when Incompatibility is not null => Answer(HttpStatusCode.OK, new { is_compatible = false, messages = new[] { Incompatibility } }),
            ["compatibility", ..] => Answer(HttpStatusCode.NotFound, new { error_code = 40401, message = "Subject not found." }),
            ["subjects", var subject, "versions"] when AnotherIsFaster && Register(subject, body) > 0 => Answer(HttpStatusCode.Conflict, new { error_code = 409, message = "already exists" }),
            ["subjects", var subject, "versions"] => Answer(HttpStatusCode.OK, new { id = Register(subject, body) }),
            ["subjects", var subject] when Find(subject, body) is { } id => Answer(HttpStatusCode.OK, new { subject, id, version = 1 }),
            ["subjects", _] => Answer(HttpStatusCode.NotFound, new { error_code = 40403, message = "Schema not found" }),
            ["config", _] when RefusesLevels => Answer(HttpStatusCode.UnprocessableEntity, new { error_code = 42203, message = "Invalid compatibility level." }),
            ["config", var subject] when AnotherIsFaster && _levels.Add(subject) => Answer(HttpStatusCode.Conflict, new { error_code = 409, message = "A rule named 'COMPATIBILITY' already exists." }),
            ["config", _] => Answer(HttpStatusCode.OK, body),
            ["schemas", "types"] => Answer(HttpStatusCode.OK, new[] { "AVRO", "JSON" }),
            ["schemas", "ids", var id] when int.Parse(id, System.Globalization.CultureInfo.InvariantCulture) <= _schemas.Count => Answer(HttpStatusCode.OK, Describe(int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))),
            ["schemas", ..] => Answer(HttpStatusCode.NotFound, new { error_code = 40403, message = "Schema not found" }),
            _ => Answer(HttpStatusCode.InternalServerError, new { error_code = 500, message = "what?" }),
        };
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, object body)
        => new(status) { Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/vnd.schemaregistry.v1+json") };

    private object Describe(int id) => _schemas[id - 1] is { Type: "AVRO" } avro ? new { schema = avro.Schema } : new { schemaType = _schemas[id - 1].Type, schema = _schemas[id - 1].Schema };

    private int Register(string subject, JsonElement body)
    {
        var schema = body.GetProperty("schema").GetString()!;
        var type = body.TryGetProperty("schemaType", out var given) ? given.GetString()! : "AVRO";
        return Find(subject, body) ?? Add(type, schema, subject);
    }

    private int? Find(string subject, JsonElement body)
    {
        var schema = body.GetProperty("schema").GetString();
        return _schemas.Find(s => s.Subject == subject && s.Schema == schema) is { Id: > 0 } known ? known.Id : null;
    }
}
