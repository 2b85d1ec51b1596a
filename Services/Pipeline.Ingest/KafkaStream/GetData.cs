using Microsoft.Extensions.Options;
using Pipeline.Ingest.RandomUser;
using Pipeline.Scheduling;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>Task <c>get_data</c>: fetches the users of the data interval, without their secrets, into a file of the run.</summary>
internal static class GetData
{
    private const string File = "users.jsonl";

    public static async Task RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var client = context.Services.GetRequiredService<RandomUserClient>();
        var options = context.Services.GetRequiredService<IOptions<IngestOptions>>().Value;
        var requests = PageRequest.For(context.DataInterval, context.Param<int>(KafkaStreamDag.Users), options.Seed);

        // All pages before the file: it holds the whole run or does not exist.
        var users = new List<SourceUser>(requests.Sum(request => request.Results));
        foreach (var request in requests)
        {
            users.AddRange(await FetchAsync(client, request, context, cancellationToken));
            context.Logger.PageFetched(request.Results, request.Seed, request.Page);
        }

        var bytes = await context.Files.WriteAsync(File, (stream, cancel) => WriteAsync(users, stream, cancel), cancellationToken);
        context.Push(TaskResult.ReturnValue, new Fetched(File, client.Source, requests[0].Seed, requests.Count, users.Count, bytes));
    }

    private static async Task<IReadOnlyList<SourceUser>> FetchAsync(
        RandomUserClient client, PageRequest request, TaskContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await client.FetchAsync(request, wait => context.Logger.WaitingForLimit(wait.TotalSeconds), cancellationToken);
        }
        catch (RandomUserException e) when (e.IsPermanent)
        {
            throw new TaskFailedException(e.Message, e);
        }
        catch (RandomUserException e) when (e.RetryAfter > TimeSpan.Zero)
        {
            throw new TaskRetryException(e.Message, e.RetryAfter, e);
        }
    }

    private static async Task WriteAsync(List<SourceUser> users, Stream stream, CancellationToken cancellationToken)
    {
        var lines = new JsonLinesWriter(stream);
        foreach (var user in users)
        {
            await lines.WriteAsync(user, SourceJson.Default.SourceUser, cancellationToken);
        }

        await lines.FlushAsync(cancellationToken);
    }
}
