using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;

namespace Pipeline.Simulator.Activity;

internal sealed class ActivityOptionsValidator : IValidateOptions<ActivityOptions>
{
    public ValidateOptionsResult Validate(string? name, ActivityOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(result, options.EventsPerSecond is > 0 and <= 100_000, options.EventsPerSecond, "above 0 and at most 100000");
        Check(result, options.MaxUsers is >= 1 and <= 10_000_000, options.MaxUsers, "between 1 and 10000000");
        Check(result, options.EventsPerSession is >= 2 and <= 10_000, options.EventsPerSession, "between 2 and 10000");
        Check(result, options.MedianGap > TimeSpan.Zero && options.MedianGap <= options.MaxGap, options.MedianGap, $"above zero and at most {nameof(ActivityOptions.MaxGap)}");
        Check(result, options.GapSigma is >= 0 and <= 5, options.GapSigma, "between 0 and 5");
        Check(result, options.MaxGap > TimeSpan.Zero && options.MaxGap <= TimeSpan.FromDays(1), options.MaxGap, "above zero and at most one day");
        Check(result, options.DiurnalAmplitude is >= 0 and <= 1, options.DiurnalAmplitude, "between 0 and 1");
        Check(result, options.MaxOutOfOrderness >= TimeSpan.Zero && options.MaxOutOfOrderness <= TimeSpan.FromHours(1), options.MaxOutOfOrderness, "between zero and one hour");
        Check(result, options.MinLateness >= TimeSpan.Zero && options.MinLateness <= options.MaxLateness, options.MinLateness, $"between zero and {nameof(ActivityOptions.MaxLateness)}");
        Check(result, options.MaxLateness <= TimeSpan.FromDays(1), options.MaxLateness, "at most one day");
        Check(result, IsShare(options.OutOfOrderRate), options.OutOfOrderRate, "between 0 and 1");
        Check(result, IsShare(options.LateRate), options.LateRate, "between 0 and 1");
        Check(result, options.OutOfOrderRate + options.LateRate <= 1, options.OutOfOrderRate + options.LateRate, "at most 1", "OutOfOrderRate + LateRate");
        Check(result, IsShare(options.DuplicateRate), options.DuplicateRate, "between 0 and 1");
        Check(result, IsShare(options.PoisonRate), options.PoisonRate, "between 0 and 1");
        Check(result, options.Tick >= TimeSpan.FromMilliseconds(10) && options.Tick <= TimeSpan.FromMinutes(1), options.Tick, "between 10 ms and 1 minute");
        Check(result, options.UserRefresh >= TimeSpan.FromMilliseconds(10) && options.UserRefresh <= TimeSpan.FromHours(1), options.UserRefresh, "between 10 ms and 1 hour");
        return result.Build();
    }

    private static bool IsShare(double rate) => rate is >= 0 and <= 1;

    private static void Check(
        ValidateOptionsResultBuilder result, bool holds, IFormattable value, string range, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!holds)
        {
            var shortName = property.Replace("options.", "", StringComparison.Ordinal);
            result.AddError($"{ActivityOptions.SectionName}:{shortName} is {value.ToString(null, CultureInfo.InvariantCulture)}; it must be {range}.");
        }
    }
}
