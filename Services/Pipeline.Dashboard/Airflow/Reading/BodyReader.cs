using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Dashboard.Api;

namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>Reads a JSON body strictly: a field that nobody reads is a caller's mistake, and is told.</summary>
internal static class BodyReader
{
    /// <summary>More than any sensible request; a run's conf alone is limited to 64 KiB.</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions Strict = CreateOptions();

    /// <exception cref="AirflowProblemException">The body is too large, not JSON, or not of this shape.</exception>
    public static async Task<T> ReadBodyAsync<T>(this HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new AirflowProblemException(StatusCodes.Status415UnsupportedMediaType, "Send application/json.");
        }

        var body = await ReadAsync(context);
        return Read(() => JsonSerializer.Deserialize<T>(body.Span, Strict));
    }

    /// <summary>A part of a body.</summary>
    /// <exception cref="AirflowProblemException">It is not of this shape.</exception>
    public static T Read<T>(JsonElement element) => Read(() => element.Deserialize<T>(Strict));

    private static T Read<T>(Func<T?> read)
    {
        try
        {
            return read() ?? throw AirflowProblemException.Invalid("body", "It must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw AirflowProblemException.Invalid(FieldOf(e), WordsOf(e));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        var tooLarge = new AirflowProblemException(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {MaxBytes} bytes.");
        if (context.Request.ContentLength > MaxBytes)
        {
            throw tooLarge;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            // Counted here, so that the answer is a problem and not a cut connection.
            feature.MaxRequestBodySize = null;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        int read;
        while ((read = await context.Request.Body.ReadAsync(body.GetMemory(4096), context.RequestAborted)) > 0)
        {
            body.Advance(read);
            if (body.WrittenCount > MaxBytes)
            {
                throw tooLarge;
            }
        }

        return body.WrittenMemory;
    }

    private static string FieldOf(JsonException e) => e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "body";

    /// <summary>The reader's words without its names of types and its place in the text.</summary>
    private static string WordsOf(JsonException e)
    {
        var words = e.Message;
        foreach (var tail in new[] { " Path: ", " LineNumber: " })
        {
            var at = words.IndexOf(tail, StringComparison.Ordinal);
            words = at < 0 ? words : words[..at];
        }

        return words switch
        {
            _ when words.Contains("could not be mapped to any .NET member", StringComparison.Ordinal) => $"{Quoted(words)} is not a field of this request.",
            _ when words.Contains("missing required properties", StringComparison.Ordinal) => $"Required, but missing: {words[(words.LastIndexOf(':') + 1)..].Trim(' ', '.')}.",
            _ when words.Contains("could not be converted", StringComparison.Ordinal) => "The value is of the wrong kind.",
            _ => words,
        };
    }

    private static string Quoted(string words) => words.Split('\'') is [_, var name, ..] ? $"'{name}'" : "One of the names";

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            Converters = { new ZonedTimeConverter() },
        };
        ApiJson.Configure(options);
        return options;
    }
}
