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

    /// <summary>
    /// Length at which a segment file of the embedded log gets a successor, in bytes. A file is removed when all that is in it is too old,
    /// so this is about how much of a topic is kept for longer than its retention. Default: 64 MiB.
    /// </summary>
    public long SegmentBytes { get; set; } = 64 << 20;
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

        if (options.SegmentBytes is < 1 << 20 or > 4L << 30)
        {
            errors.Add($"{RecordLogOptions.SectionName}:{nameof(options.SegmentBytes)} is {options.SegmentBytes}; it must be between 1 MiB and 4 GiB.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
