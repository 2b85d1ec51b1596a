using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Simulator.Api;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Formats;

/// <summary>Writes the whole body of an answer. JSON goes out while it is made; the other formats are made from the finished JSON, as in the original.</summary>
internal sealed class PageWriter(PersonGenerator generator, TimeProvider time)
{
    public const string Version = "1.4";

    // About 70 KB between flushes: large enough to be rare, small enough to keep the memory of a request flat.
    private const int PeoplePerFlush = 64;

    public async ValueTask WriteAsync(RandomUserQuery query, PipeWriter output, CancellationToken cancellationToken)
    {
        if (query.Format is ResponseFormat.Json or ResponseFormat.PrettyJson)
        {
            Write(output, query.Callback is null ? "" : query.Callback + "(");
            await WriteJsonAsync(query, output, cancellationToken);
            Write(output, query.Callback is null ? "" : ");");
            await output.FlushAsync(cancellationToken);
            return;
        }

        using var buffer = new MemoryStream();
        var json = PipeWriter.Create(buffer, new StreamPipeWriterOptions(leaveOpen: true));
        await WriteJsonAsync(query, json, cancellationToken);
        await json.CompleteAsync();
        using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        Write(output, query.Format switch
        {
            ResponseFormat.Csv => CsvFormat.Convert(document.RootElement.GetProperty("results"u8)),
            ResponseFormat.Yaml => YamlFormat.Convert(document.RootElement),
            _ => XmlFormat.Convert(document.RootElement),
        });
        await output.FlushAsync(cancellationToken);
    }

    private async ValueTask WriteJsonAsync(RandomUserQuery query, PipeWriter output, CancellationToken cancellationToken)
    {
        var seed = query.Seed ?? RandomNumberGenerator.GetHexString(16, lowercase: true);
        var key = query.KeyFor(seed);
        var today = time.GetUtcNow().UtcDateTime;
        var person = new Person();
        await using var json = new Utf8JsonWriter(output, query.Format == ResponseFormat.PrettyJson ? PersonJson.Pretty : PersonJson.Compact);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        for (var i = 0; i < query.Results; i++)
        {
            generator.Generate(key, i, query.People, person);
            PersonJson.Write(json, person, query.Fields, today);
            if (i % PeoplePerFlush == PeoplePerFlush - 1)
            {
                json.Flush();
                await output.FlushAsync(cancellationToken);
            }
        }

        json.WriteEndArray();
        if (!query.NoInfo)
        {
            json.WriteStartObject("info"u8);
            json.WriteString("seed"u8, seed + query.SeedSuffix);
            json.WriteNumber("results"u8, query.Results);
            json.WriteNumber("page"u8, query.Page);
            json.WriteString("version"u8, Version);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
    }

    private static void Write(PipeWriter output, string text) => Encoding.UTF8.GetBytes(text, output);
}
