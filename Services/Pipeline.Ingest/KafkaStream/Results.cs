using System.Text.Json.Serialization;

namespace Pipeline.Ingest.KafkaStream;

// What the tasks push as 'return_value': counts, and names of files in the run's directory.
internal sealed record Fetched(
    [property: JsonPropertyName("file")] string File,
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("seed")] string Seed,
    [property: JsonPropertyName("pages")] int Pages,
    [property: JsonPropertyName("fetched")] int Users,
    [property: JsonPropertyName("bytes")] long Bytes);

internal sealed record Formatted(
    [property: JsonPropertyName("file")] string File,
    [property: JsonPropertyName("rejects_file")] string RejectsFile,
    [property: JsonPropertyName("formatted")] int Events,
    [property: JsonPropertyName("rejected")] int Rejected,
    [property: JsonPropertyName("reasons")] IReadOnlyDictionary<string, int> Reasons);

/// <summary>The run's account: fetched = produced + rejected.</summary>
internal sealed record Streamed(
    [property: JsonPropertyName("fetched")] int Fetched,
    [property: JsonPropertyName("formatted")] int Formatted,
    [property: JsonPropertyName("rejected")] int Rejected,
    [property: JsonPropertyName("produced")] int Produced,
    [property: JsonPropertyName("dead_lettered")] int DeadLettered,
    [property: JsonPropertyName("bytes")] long Bytes);
