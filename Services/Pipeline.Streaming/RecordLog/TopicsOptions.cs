using Microsoft.Extensions.Options;

namespace Pipeline.Streaming.RecordLog;

/// <summary>How long topics keep their records, section <c>Topics</c>.</summary>
public sealed class TopicsOptions
{
    public const string SectionName = "Topics";

    /// <summary>How long a record is kept. Default: 24 hours.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a dead letter is kept; longer, because somebody has to look at it. Default: 7 days.</summary>
    public TimeSpan DeadLetterRetention { get; set; } = TimeSpan.FromDays(7);
}

internal sealed class TopicsOptionsValidator : IValidateOptions<TopicsOptions>
{
    public ValidateOptionsResult Validate(string? name, TopicsOptions options)
    {
        var errors = new List<string>();
        Check(nameof(options.Retention), options.Retention);
        Check(nameof(options.DeadLetterRetention), options.DeadLetterRetention);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(string property, TimeSpan value)
        {
            if (value < TimeSpan.FromMinutes(1) || value > TimeSpan.FromDays(3650))
            {
                errors.Add($"{TopicsOptions.SectionName}:{property} is {value}; it must be between 1 minute and 10 years.");
            }
        }
    }
}
