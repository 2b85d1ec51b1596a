using Microsoft.Extensions.Options;

namespace Pipeline.Processor;

internal sealed class ProcessorOptionsValidator : IValidateOptions<ProcessorOptions>
{
    private static readonly TimeSpan FinestWindow = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, ProcessorOptions options)
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Group) || options.Group.AsSpan().ContainsAny(Path.GetInvalidFileNameChars()))
        {
            errors.Add($"{Key(nameof(options.Group))} is '{options.Group}'; it must be a name that can also be a folder's.");
        }

        Between(nameof(options.MaxOutOfOrderness), options.MaxOutOfOrderness, TimeSpan.Zero, TimeSpan.FromDays(1));
        Between(nameof(options.MaxFutureSkew), options.MaxFutureSkew, TimeSpan.Zero, TimeSpan.FromDays(1));
        Between(nameof(options.AllowedLateness), options.AllowedLateness, TimeSpan.Zero, TimeSpan.FromDays(1));
        Between(nameof(options.IdleTimeout), options.IdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Between(nameof(options.SessionGap), options.SessionGap, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        if (options.SessionMaxLength <= options.SessionGap || options.SessionMaxLength > TimeSpan.FromDays(366))
        {
            errors.Add($"{Key(nameof(options.SessionMaxLength))} is {options.SessionMaxLength}; it must be longer than {nameof(options.SessionGap)} ({options.SessionGap}) and at most 366 days.");
        }

        Between(nameof(options.ProfileDelay), options.ProfileDelay, TimeSpan.Zero, TimeSpan.FromHours(1));
        if (options.MaxProfiles is < 1 or > 10_000_000)
        {
            errors.Add($"{Key(nameof(options.MaxProfiles))} is {options.MaxProfiles}; it must be between 1 and 10,000,000.");
        }

        Between(nameof(options.MaxWatermarkDrift), options.MaxWatermarkDrift, TimeSpan.FromSeconds(1), TimeSpan.FromDays(366));
        Between(nameof(options.FlushInterval), options.FlushInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Between(nameof(options.EarlyInterval), options.EarlyInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Between(nameof(options.CheckpointInterval), options.CheckpointInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Between(nameof(options.DrainDeadline), options.DrainDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        if (options.FlushRows is < 1 or > 1_000_000)
        {
            errors.Add($"{Key(nameof(options.FlushRows))} is {options.FlushRows}; it must be between 1 and 1,000,000.");
        }

        // Shorter, and an event could be forgotten while its window still takes it: it would be counted twice.
        var needed = options.MaxOutOfOrderness + options.AllowedLateness + FinestWindow;
        if (options.DedupeHorizon < needed || options.DedupeHorizon > TimeSpan.FromDays(7))
        {
            errors.Add(
                $"{Key(nameof(options.DedupeHorizon))} is {options.DedupeHorizon}; it must be between {needed} ({nameof(options.MaxOutOfOrderness)} + " +
                $"{nameof(options.AllowedLateness)} + one minute) and 7 days.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Between(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                errors.Add($"{Key(option)} is {value}; it must be between {least} and {most}.");
            }
        }
    }

    private static string Key(string option) => $"{ProcessorOptions.SectionName}:{option}";
}
