using Pipeline.Simulator.Activity;

namespace Pipeline.Services.Tests.Simulator.Activity;

public sealed class ActivityOptionsTests
{
    private readonly ActivityOptionsValidator _validator = new();

    [Fact]
    public void Options_OfTheDefaults_AreValid() => Assert.True(_validator.Validate(null, new ActivityOptions()).Succeeded);

    [Fact]
    public void Options_WithSeveralErrors_NameThemAllWithTheirValues()
    {
        var result = _validator.Validate(null, new ActivityOptions
        {
            EventsPerSecond = 0,
            MaxUsers = 0,
            EventsPerSession = 1,
            MedianGap = TimeSpan.FromHours(1),
            GapSigma = -1,
            DiurnalAmplitude = 2,
            OutOfOrderRate = 0.9,
            LateRate = 0.2,
            MinLateness = TimeSpan.FromHours(2),
            DuplicateRate = double.NaN,
            PoisonRate = -0.1,
            Tick = TimeSpan.Zero,
        });
        Assert.Equal(11, result.Failures?.Count());
        Assert.Contains("Activity:EventsPerSecond is 0; it must be above 0 and at most 100000.", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("Activity:OutOfOrderRate + LateRate is 1.1", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("Activity:DuplicateRate is NaN", result.FailureMessage, StringComparison.Ordinal);
    }
}
