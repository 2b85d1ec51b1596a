using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Ingest.RandomUser;
using Pipeline.Scheduling;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>
/// Task <c>stream_data</c>: appends the events to <c>users_topic</c> and what could not become an event to its dead letters, and
/// counts every acknowledgement. A rerun appends the same events again; their ids make them duplicates downstream.
/// </summary>
internal static class StreamData
{
    private const int MaxBatch = 1_000;

    public static async Task RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var fetched = context.Pull<Fetched>("get_data", TaskResult.ReturnValue);
        var formatted = context.Pull<Formatted>("format_data", TaskResult.ReturnValue);
        if (!context.Files.Exists(formatted.File) || !context.Files.Exists(formatted.RejectsFile))
        {
            context.Logger.FilesLeftBehind(formatted.File);
            await FormatData.RunAsync(context, cancellationToken);
        }

        await using var writer = context.Services.GetRequiredService<IRecordLog>().CreateWriter();
        using var batch = new EventBatch(writer, Topics.Users, context.RunId, context.Services.GetRequiredService<TimeProvider>(), MaxBatch);
        using var deadLetters = new DoorDeadLetters(writer, context.RunId, context.Services, MaxBatch);
        try
        {
            await foreach (var value in JsonLines.ReadAsync(context.Files.OpenRead(formatted.File), cancellationToken))
            {
                await batch.AddAsync(UserIdOf(value), value, cancellationToken);
            }

            await batch.FlushAsync(cancellationToken);
            await foreach (var line in JsonLines.ReadAsync(context.Files.OpenRead(formatted.RejectsFile), cancellationToken))
            {
                await deadLetters.AddAsync(JsonSerializer.Deserialize(line, SourceJson.Default.RejectedUser)!, cancellationToken);
            }

            await deadLetters.FlushAsync(cancellationToken);
        }
        catch (RecordLogException e) when (!e.IsTransient)
        {
            throw new TaskFailedException(e.Message, e);
        }

        CheckAccount(fetched.Users, batch.Acknowledged, deadLetters.Acknowledged);
        context.Logger.Produced(batch.Acknowledged, Topics.Users, deadLetters.Acknowledged);
        context.Push(
            TaskResult.ReturnValue,
            new Streamed(fetched.Users, formatted.Events, formatted.Rejected, batch.Acknowledged, deadLetters.Acknowledged, batch.Bytes));
    }

    private static void CheckAccount(int fetched, int produced, int deadLettered)
    {
        if (fetched != produced + deadLettered)
        {
            throw new TaskFailedException($"The run's account does not add up: {fetched} fetched, {produced} produced, {deadLettered} dead-lettered.");
        }
    }

    /// <summary>The record's key: the user's id, as the value has it.</summary>
    private static string UserIdOf(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(Field.UserId.Utf8Name()))
            {
                reader.Read();
                return reader.GetString()!;
            }
        }

        throw new TaskFailedException("An event of this run has no user_id; its file is damaged. Run it again from get_data.");
    }
}
