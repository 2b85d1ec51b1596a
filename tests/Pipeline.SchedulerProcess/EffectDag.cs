using Npgsql;
using Pipeline.Scheduling;

namespace Pipeline.SchedulerProcess;

/// <summary>
/// <c>a → (b, c) → d</c>. Each try says when it begins and ends, by a counter of the database, in a store that keeps the largest fencing token of a run
/// and refuses smaller ones: what a careful task does. Some tries fail for the first time.
/// </summary>
internal static class EffectDag
{
    public const string Id = "effects";

    public const string Tables = """
        CREATE TABLE IF NOT EXISTS effect_guard (run_id TEXT PRIMARY KEY, token BIGINT NOT NULL);
        CREATE SEQUENCE IF NOT EXISTS effect_order;
        CREATE TABLE IF NOT EXISTS effect (
            run_id TEXT NOT NULL, task_id TEXT NOT NULL, try_number INTEGER NOT NULL, token BIGINT NOT NULL, pid INTEGER NOT NULL,
            began BIGINT NOT NULL, ended BIGINT, PRIMARY KEY (run_id, task_id, try_number, token));
        """;

    /// <param name="slowness">How many times 2 to 60 ms a task takes.</param>
    public static Dag Build(string connectionString, int slowness)
    {
        var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 8, CommandTimeout = 10 });
        return new DagBuilder(Id) { MaxActiveRuns = 12 }
            .Add(Task("a")).Add(Task("b")).Add(Task("c")).Add(Task("d"))
            .Edge("a", "b").Edge("a", "c").Edge("b", "d").Edge("c", "d")
            .Build();

        DagTask Task(string id) => new(id, (context, cancel) => RunAsync(source, slowness, context, cancel))
        {
            // A kill counts as a failed try; this test is about what runs, not about giving up.
            Retries = 1000,
            RetryDelay = new RetryDelay(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(50)),
        };
    }

    private static async Task RunAsync(NpgsqlDataSource source, int slowness, TaskContext context, CancellationToken cancel)
    {
        await StampAsync(source, context, "INSERT INTO effect (run_id, task_id, try_number, token, pid, began) VALUES ($1, $2, $3, $4, $5, nextval('effect_order'))", cancel);
        await Task.Delay(slowness * Random.Shared.Next(2, 60), cancel);
        if (context.TryNumber == 1 && Random.Shared.Next(10) == 0)
        {
            throw new InvalidOperationException("The first try fails now and then.");
        }

        await StampAsync(source, context, "UPDATE effect SET ended = nextval('effect_order') WHERE run_id = $1 AND task_id = $2 AND try_number = $3 AND token = $4 AND pid = $5", cancel);
    }

    private static async Task StampAsync(NpgsqlDataSource source, TaskContext context, string stamp, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var guard = new NpgsqlCommand(
            """
            INSERT INTO effect_guard (run_id, token) VALUES ($1, $2)
            ON CONFLICT (run_id) DO UPDATE SET token = excluded.token WHERE effect_guard.token <= excluded.token
            """,
            connection,
            transaction)
        { Parameters = { new() { Value = context.RunId }, new() { Value = context.FencingToken } } })
        {
            if (await guard.ExecuteNonQueryAsync(cancel) == 0)
            {
                throw new TaskFailedException("A newer owner of the run has been here.");
            }
        }

        await using (var command = new NpgsqlCommand(stamp, connection, transaction)
        {
            Parameters =
            {
                new() { Value = context.RunId },
                new() { Value = context.TaskId },
                new() { Value = context.TryNumber },
                new() { Value = context.FencingToken },
                new() { Value = Environment.ProcessId },
            },
        })
        {
            await command.ExecuteNonQueryAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
    }
}
