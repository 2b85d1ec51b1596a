using Microsoft.Extensions.Options;

namespace Pipeline.Ingest;

internal sealed class IngestOptionsValidator : IValidateOptions<IngestOptions>
{
    public ValidateOptionsResult Validate(string? name, IngestOptions options)
    {
        var errors = new List<string>();
        Check(
            Uri.TryCreate(options.BaseUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps),
            nameof(options.BaseUrl), options.BaseUrl, "must be an absolute http or https address");
        Check(
            options.Interval >= TimeSpan.FromSeconds(1) && options.Interval <= TimeSpan.FromDays(366) && options.Interval.Ticks % TimeSpan.TicksPerMillisecond == 0,
            nameof(options.Interval), options.Interval, "must be whole milliseconds from 1 second to 366 days");
        Check(options.UsersPerRun is >= 1 and <= IngestOptions.MaxUsersPerRun, nameof(options.UsersPerRun), options.UsersPerRun, "must be from 1 to 20,000");
        Check(options.Seed is null or { Length: > 0 and <= 100 }, nameof(options.Seed), options.Seed, "must be 1 to 100 characters, or left out");
        Check(options.Timeout > TimeSpan.Zero && options.Timeout <= TimeSpan.FromMinutes(10), nameof(options.Timeout), options.Timeout, "must be more than zero and at most 10 minutes");
        Check(options.MaxResponseBytes is >= 1024 and <= 1 << 30, nameof(options.MaxResponseBytes), options.MaxResponseBytes, "must be from 1 KiB to 1 GiB");
        Check(options.Retries is >= 0 and <= 100, nameof(options.Retries), options.Retries, "must be from 0 to 100");
        Check(options.RetryDelay >= TimeSpan.Zero && options.RetryDelay <= TimeSpan.FromMinutes(1), nameof(options.RetryDelay), options.RetryDelay, "must be from zero to 1 minute");
        Check(
            options.RateLimitUsers >= Math.Min(options.UsersPerRun, IngestOptions.MaxUsersPerCall),
            nameof(options.RateLimitUsers), options.RateLimitUsers, "must allow at least one call of a run");
        Check(options.RateLimitWindow > TimeSpan.Zero && options.RateLimitWindow <= TimeSpan.FromDays(1), nameof(options.RateLimitWindow), options.RateLimitWindow, "must be more than zero and at most a day");
        Check(options.Api.MaxBodyBytes is >= 1024 and <= 1 << 30, $"{nameof(options.Api)}:{nameof(options.Api.MaxBodyBytes)}", options.Api.MaxBodyBytes, "must be from 1 KiB to 1 GiB");
        Check(options.Api.MaxItems is >= 1 and <= 1_000_000, $"{nameof(options.Api)}:{nameof(options.Api.MaxItems)}", options.Api.MaxItems, "must be from 1 to 1,000,000");
        Check(
            options.Api.MaxItemBytes >= 256 && options.Api.MaxItemBytes <= options.Api.MaxBodyBytes,
            $"{nameof(options.Api)}:{nameof(options.Api.MaxItemBytes)}", options.Api.MaxItemBytes, "must be from 256 to the size of a body");
        Check(
            options.Api.RetryAfter >= TimeSpan.FromSeconds(1) && options.Api.RetryAfter <= TimeSpan.FromHours(1),
            $"{nameof(options.Api)}:{nameof(options.Api.RetryAfter)}", options.Api.RetryAfter, "must be from 1 second to 1 hour");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool valid, string property, object? value, string rule)
        {
            if (!valid)
            {
                errors.Add($"{IngestOptions.SectionName}:{property} {rule}; it is '{value}'.");
            }
        }
    }
}
