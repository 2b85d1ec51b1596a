using Microsoft.Extensions.Options;

namespace Pipeline.Streaming.RecordLog;

/// <summary>Settings of the record log, section <c>RecordLog</c>.</summary>
public sealed class RecordLogOptions
{
    public const string SectionName = "RecordLog";

    /// <summary>A group member that does not read for this long counts as dead, and its partitions move. Default: 10 s; at least 1 s.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often old records are removed. Default: one minute.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(1);
}

internal sealed class RecordLogOptionsValidator : IValidateOptions<RecordLogOptions>
{
    public ValidateOptionsResult Validate(string? name, RecordLogOptions options)
    {
        var errors = new List<string>();
        if (options.SessionTimeout < TimeSpan.FromSeconds(1) || options.SessionTimeout > TimeSpan.FromHours(1))
        {
            errors.Add($"{RecordLogOptions.SectionName}:{nameof(options.SessionTimeout)} is {options.SessionTimeout}; it must be between 1 second and 1 hour.");
        }

        if (options.RetentionInterval < TimeSpan.FromSeconds(1) || options.RetentionInterval > TimeSpan.FromDays(1))
        {
            errors.Add($"{RecordLogOptions.SectionName}:{nameof(options.RetentionInterval)} is {options.RetentionInterval}; it must be between 1 second and 1 day.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
