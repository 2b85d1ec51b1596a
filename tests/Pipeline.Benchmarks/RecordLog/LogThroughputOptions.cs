using System.Globalization;

namespace Pipeline.Benchmarks.RecordLog;

/// <summary>Settings of a throughput run, given as <c>--name value</c>.</summary>
internal sealed record LogThroughputOptions
{
    /// <summary>How long to append. Reading goes over what is there.</summary>
    public double Seconds { get; init; } = 5;

    /// <summary>Records of one append.</summary>
    public int Batch { get; init; } = 1000;

    /// <summary>Tasks of one process that append at the same time.</summary>
    public int Writers { get; init; } = 4;

    /// <summary>Processes that append at the same time, this one included.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Key and value of one record, in bytes.</summary>
    public int RecordBytes { get; init; } = 560;

    public int Partitions { get; init; } = 3;

    /// <summary>Wait for the disk at each commit.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Where the log is; a new temporary directory, removed afterwards, when not given.</summary>
    public string? Directory { get; init; }

    public static LogThroughputOptions Parse(IReadOnlyList<string> args)
    {
        var given = args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var options = new LogThroughputOptions();
        return options with
        {
            Seconds = double.Parse(given.GetValueOrDefault("seconds", "5"), CultureInfo.InvariantCulture),
            Batch = Number("batch", options.Batch),
            Writers = Number("writers", options.Writers),
            Processes = Number("processes", options.Processes),
            RecordBytes = Number("record-bytes", options.RecordBytes),
            Partitions = Number("partitions", options.Partitions),
            Durable = bool.Parse(given.GetValueOrDefault("durable", "true")),
            Directory = given.GetValueOrDefault("directory"),
        };

        int Number(string name, int otherwise) => given.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }

    /// <summary>The same run as arguments for another process.</summary>
    public IEnumerable<string> ToArguments() =>
    [
        "--seconds", Seconds.ToString(CultureInfo.InvariantCulture), "--batch", $"{Batch}", "--writers", $"{Writers}", "--processes", "1",
        "--record-bytes", $"{RecordBytes}", "--partitions", $"{Partitions}", "--durable", $"{Durable}", "--directory", Directory!,
    ];
}
