using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.Storage;

internal sealed class StorageOptionsValidator(IConfiguration configuration, bool hasCassandra) : IValidateOptions<StorageOptions>
{
    // An age must reach past the widest window and its lateness, or results vanish while they are still being made.
    private static readonly TimeSpan ShortestRetention = TimeSpan.FromHours(1);

    // Ages are subtracted from now; a century is "for ever" and cannot overflow.
    private static readonly TimeSpan LongestRetention = TimeSpan.FromDays(36_525);

    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var errors = new List<string>();
        if (CassandraStore.IsAskedFor(configuration) && !hasCassandra)
        {
            errors.Add("ConnectionStrings:cassandra is set, but this build has no Cassandra driver: the package feed that it was built on does not carry it. Build on a feed that does, or remove the setting to keep results in SQLite.");
        }

        Check(errors, nameof(options.EventsRetention), options.EventsRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.LateRetention), options.LateRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.DeadLetterRetention), options.DeadLetterRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.WindowRetention), options.WindowRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.SessionRetention), options.SessionRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.QualityRetention), options.QualityRetention, ShortestRetention, LongestRetention);
        Check(errors, nameof(options.RetentionInterval), options.RetentionInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Check(errors, nameof(options.BusyTimeout), options.BusyTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5));
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void Check(List<string> errors, string setting, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"{StorageOptions.SectionName}:{setting} is {value}; it must be between {least} and {most}."));
        }
    }
}
