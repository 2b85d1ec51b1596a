using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Pipeline.Scheduling;

internal sealed class SchedulingOptionsValidator(IConfiguration configuration) : IValidateOptions<SchedulingOptions>
{
    public ValidateOptionsResult Validate(string? name, SchedulingOptions options)
    {
        var errors = new List<string>();
        if (configuration.GetConnectionString("postgres") is { } postgres && !string.IsNullOrWhiteSpace(postgres))
        {
            CheckConnectionString(postgres, errors);
        }

        if (options.MaxActiveTasks < 1)
        {
            errors.Add($"{SchedulingOptions.SectionName}:{nameof(options.MaxActiveTasks)} must be at least 1; it is {options.MaxActiveTasks}.");
        }

        Positive(nameof(options.PollInterval), options.PollInterval);
        Positive(nameof(options.HeartbeatInterval), options.HeartbeatInterval);
        Positive(nameof(options.DrainTimeout), options.DrainTimeout);
        Positive(nameof(options.CancellationGrace), options.CancellationGrace);
        Positive(nameof(options.RunRetention), options.RunRetention);
        Positive(nameof(options.RunFilesRetention), options.RunFilesRetention);
        Positive(nameof(options.PruneInterval), options.PruneInterval);
        if (options.LeaseDuration < 3 * options.HeartbeatInterval)
        {
            errors.Add($"{SchedulingOptions.SectionName}:{nameof(options.LeaseDuration)} must be at least three times {nameof(options.HeartbeatInterval)} ({options.HeartbeatInterval}), so that one lost heartbeat kills nobody; it is {options.LeaseDuration}.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Positive(string property, TimeSpan value)
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(3650))
            {
                errors.Add($"{SchedulingOptions.SectionName}:{property} must be more than zero and at most 10 years; it is {value}.");
            }
        }
    }

    private static void CheckConnectionString(string postgres, List<string> errors)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(postgres);
        }
        catch (ArgumentException e)
        {
            errors.Add($"ConnectionStrings:postgres is not a connection string of PostgreSQL (Host=…;Username=…;Password=…;Database=airflow): {e.Message}");
        }
    }
}
