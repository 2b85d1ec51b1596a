using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.Scheduling;

internal sealed class SchedulingOptionsValidator(IConfiguration configuration) : IValidateOptions<SchedulingOptions>
{
    public ValidateOptionsResult Validate(string? name, SchedulingOptions options)
    {
        var errors = new List<string>();
        if (!string.IsNullOrWhiteSpace(configuration.GetConnectionString("postgres")))
        {
            errors.Add("ConnectionStrings:postgres is set, but this version keeps the scheduler's metadata in SQLite only; PostgreSQL comes with a later version. Remove the setting.");
        }

        if (options.MaxActiveTasks < 1)
        {
            errors.Add($"{SchedulingOptions.SectionName}:{nameof(options.MaxActiveTasks)} must be at least 1; it is {options.MaxActiveTasks}.");
        }

        Positive(nameof(options.PollInterval), options.PollInterval);
        Positive(nameof(options.HeartbeatInterval), options.HeartbeatInterval);
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
}
