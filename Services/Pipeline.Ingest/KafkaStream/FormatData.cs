using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Ingest.RandomUser;
using Pipeline.Scheduling;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>Task <c>format_data</c>: users become events of the contract; those who cannot are set aside with their reason.</summary>
internal static class FormatData
{
    private const string EventsFile = "events.jsonl";
    private const string RejectsFile = "rejects.jsonl";

    public static async Task RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var fetched = context.Pull<Fetched>("get_data", TaskResult.ReturnValue);
        if (!context.Files.Exists(fetched.File))
        {
            // Another machine has taken the run over. The interval decides who is fetched, so that these are the same people.
            context.Logger.FilesLeftBehind(fetched.File);
            await GetData.RunAsync(context, cancellationToken);
        }

        var eventTime = KafkaStreamDag.EventTime(context.DataInterval);
        var rejected = new List<RejectedUser>();
        var events = 0;
        await context.Files.WriteAsync(
            EventsFile,
            async (stream, cancel) =>
            {
                var lines = new JsonLinesWriter(stream);
                await foreach (var line in JsonLines.ReadAsync(context.Files.OpenRead(fetched.File), cancel))
                {
                    var user = JsonSerializer.Deserialize(line, SourceJson.Default.SourceUser)!;
                    var (formed, reject) = UserEventFormatter.Format(user, fetched.Source, fetched.Seed, context.RunId, eventTime);
                    if (formed is not null)
                    {
                        await lines.WriteAsync(formed, cancel);
                        events++;
                    }
                    else
                    {
                        rejected.Add(reject!);
                    }
                }

                await lines.FlushAsync(cancel);
            },
            cancellationToken);
        await context.Files.WriteAsync(RejectsFile, (stream, cancel) => WriteRejectsAsync(rejected, stream, cancel), cancellationToken);

        var reasons = rejected
            .GroupBy(reject => $"{reject.Reason.WireName()}:{reject.Field.WireName()}", StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        foreach (var (reason, count) in reasons)
        {
            context.Logger.UsersRejected(count, reason);
        }

        context.Push(TaskResult.ReturnValue, new Formatted(EventsFile, RejectsFile, events, rejected.Count, reasons));
    }

    private static async Task WriteRejectsAsync(List<RejectedUser> rejected, Stream stream, CancellationToken cancellationToken)
    {
        var lines = new JsonLinesWriter(stream);
        foreach (var reject in rejected)
        {
            await lines.WriteAsync(reject, SourceJson.Default.RejectedUser, cancellationToken);
        }

        await lines.FlushAsync(cancellationToken);
    }
}
