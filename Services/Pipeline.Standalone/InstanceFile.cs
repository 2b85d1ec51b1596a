using System.Text.Json;
using Pipeline.Sqlite;

namespace Pipeline.Standalone;

/// <summary>Where the running instance answers, left in its data directory for <c>status</c> and <c>doctor</c>.</summary>
internal sealed record InstanceFile(string Url, int ProcessId, DateTimeOffset StartedAt)
{
    private const string Name = "instance.json";

    public void Write(DataDirectory directory) => File.WriteAllBytes(directory.File(Name), JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>What the last instance wrote; <see langword="null"/> when there is none. It may be dead.</summary>
    public static InstanceFile? Read(DataDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize<InstanceFile>(File.ReadAllBytes(Path.Combine(directory.FullPath, Name)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Absent, or half-written by an instance that was killed: both mean that nobody can be asked.
            return null;
        }
    }

    public static void Remove(DataDirectory directory) => File.Delete(Path.Combine(directory.FullPath, Name));
}
