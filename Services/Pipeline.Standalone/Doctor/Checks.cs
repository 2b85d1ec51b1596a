using System.Globalization;
using System.Runtime.InteropServices;
using Pipeline.Sqlite;
using Pipeline.Standalone.Client;

namespace Pipeline.Standalone.Doctor;

/// <summary>The checks, each for itself; none changes anything that is kept.</summary>
internal static class Checks
{
    private const long LittleSpace = 1L << 30;
    private const long TooLittleSpace = 64L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Finding Machine()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
        return Finding.Good("machine", string.Create(
            CultureInfo.InvariantCulture,
            $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {memory:N0} MB of memory."));
    }

    public static IEnumerable<Finding> Configuration(IReadOnlyList<string> errors) => errors.Count == 0
        ? [Finding.Good("configuration", "Every setting can be read and is in range.")]
        : errors.Select(error => Finding.Problem("configuration", error));

    public static IEnumerable<Finding> Directory(DataDirectory directory)
    {
        Finding writable;
        try
        {
            directory.EnsureWritable();
            writable = Finding.Good("data directory", $"{directory.FullPath} can be written.");
        }
        catch (DataDirectoryException e)
        {
            writable = Finding.Problem("data directory", e.Message);
        }

        yield return writable;
        if (writable.Kind == FindingKind.Good)
        {
            yield return Space(new DriveInfo(directory.FullPath).AvailableFreeSpace);
        }
    }

    /// <summary>Who uses the directory; not a problem when that is an instance that answers.</summary>
    public static async Task<Finding> LockAsync(DataDirectory directory, string? token, CancellationToken cancellationToken)
    {
        try
        {
            directory.LockExclusive().Dispose();
            return Finding.Good("instance", "No instance uses the data directory; one can start.");
        }
        catch (DataDirectoryException e)
        {
            if (InstanceFile.Read(directory) is not { } instance)
            {
                return Finding.Problem("instance", e.Message);
            }

            try
            {
                return await StatusCommand.AskAsync(instance, token, cancellationToken) is null
                    ? Finding.Problem("instance", $"{e.Message} It does not answer at {instance.Url}.")
                    : Finding.Note("instance", $"An instance runs on it and answers at {instance.Url} (process {instance.ProcessId}).");
            }
            catch (PipelineClientException refused)
            {
                return Finding.Note("instance", $"An instance runs on it at {instance.Url} (process {instance.ProcessId}), but does not let this command in: {refused.Message}");
            }
        }
    }

    public static IEnumerable<Finding> Databases(DataDirectory directory)
    {
        if (!System.IO.Directory.Exists(directory.FullPath))
        {
            yield break;
        }

        var files = System.IO.Directory.GetFiles(directory.FullPath, "*.db").Order(StringComparer.Ordinal).ToArray();
        if (files.Length == 0)
        {
            yield return Finding.Note("databases", "None yet; the first start makes them.");
        }

        foreach (var file in files)
        {
            yield return Database(file);
        }
    }

    public static Finding Address(string? urls, bool isOurs) => Addresses.FirstTaken(urls ?? PipelineApplication.DefaultUrl) switch
    {
        null => Finding.Good("address", $"{urls ?? PipelineApplication.DefaultUrl} is free."),
        { } taken when isOurs => Finding.Note("address", $"{taken} is in use, by the instance that runs."),
        { } taken => Finding.Problem("address", $"{taken} is in use by another program; stop that one, or choose another address with --urls."),
    };

    public static Finding Clock(DataDirectory directory, DateTimeOffset now)
    {
        // Data from the future means that the clock was ahead, or has been set back: watermarks and retention would suffer.
        var newest = System.IO.Directory.Exists(directory.FullPath)
            ? System.IO.Directory.GetFiles(directory.FullPath, "*.db*").Select(System.IO.File.GetLastWriteTimeUtc).DefaultIfEmpty().Max()
            : default;
        return newest > now.UtcDateTime.AddMinutes(5)
            ? Finding.Problem("clock", $"It is {now:yyyy-MM-dd HH:mm:ss} UTC here, but the data directory was written at {newest:yyyy-MM-dd HH:mm:ss}: the clock was set back, or was ahead.")
            : Finding.Good("clock", $"It is {now:yyyy-MM-dd HH:mm:ss} UTC.");
    }

    public static async Task<Finding> SourceAsync(string? baseUrl, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(baseUrl))
        {
            return Finding.Good("source", "Ingest:BaseUrl is not set: the simulator inside the process is used.");
        }

        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var uri))
        {
            return Finding.Problem("source", $"Ingest:BaseUrl is '{baseUrl}', which is not an address like https://randomuser.me.");
        }

        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using var response = await http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return Finding.Good("source", $"{baseUrl} answers.");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return Finding.Problem("source", $"{baseUrl} (Ingest:BaseUrl) does not answer: {e.Message}");
        }
    }

    private static Finding Space(long free)
    {
        var words = string.Create(CultureInfo.InvariantCulture, $"{free / 1e9:0.0} GB are free for it");
        return free switch
        {
            < TooLittleSpace => Finding.Problem("free space", $"Only {words}; free some room."),
            < LittleSpace => Finding.Note("free space", $"Only {words}."),
            _ => Finding.Good("free space", $"{words}."),
        };
    }

    private static Finding Database(string file)
    {
        var name = Path.GetFileName(file);
        try
        {
            using var database = SqliteDatabase.Open(file, new SqliteDatabaseOptions { ReadOnly = true });
            var answer = database.QueryText("PRAGMA quick_check(1)");
            return answer == "ok"
                ? Finding.Good("databases", string.Create(CultureInfo.InvariantCulture, $"{name} is sound ({new FileInfo(file).Length / 1e6:0.0} MB)."))
                : Finding.Problem("databases", $"{name} is damaged ({answer.ReplaceLineEndings(" ")}). Restore it from a copy, or move it away to start with an empty one.");
        }
        catch (SqliteFaultException e)
        {
            return Finding.Problem("databases", e.Message);
        }
    }
}
