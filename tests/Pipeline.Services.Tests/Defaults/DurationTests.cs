using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Ingest;

namespace Pipeline.Services.Tests.Defaults;

/// <summary>Durations in the settings of a service that runs alone.</summary>
public sealed class DurationTests
{
    [Theory]
    [InlineData("1500ms", "00:00:01.500")]
    [InlineData("1m30s", "00:01:30")]
    [InlineData("1h", "01:00:00")]
    [InlineData("00:00:05", "00:00:05")]
    public void Setting_OfAService_IsReadAsPeopleWriteIt(string text, string duration) => Assert.Equal(TimeSpan.Parse(duration, null), Interval(text));

    // .NET alone would read days.
    [Theory]
    [InlineData("5")]
    [InlineData("soon")]
    public void Setting_ThatIsNoDuration_IsAnErrorWithItsName(string text)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Interval(text));

        Assert.Contains("Ingest:Interval", error.Message, StringComparison.Ordinal);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    private static TimeSpan Interval(string text)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection([new("Ingest:Interval", text)]);
        builder.AddServiceDefaults();
        builder.AddIngest();
        using var services = builder.Services.BuildServiceProvider();
        return services.GetRequiredService<IOptions<IngestOptions>>().Value.Interval;
    }
}
