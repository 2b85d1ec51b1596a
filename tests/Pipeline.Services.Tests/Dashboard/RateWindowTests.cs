using Pipeline.Dashboard.Status;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class RateWindowTests
{
    [Fact]
    public void Current_OneSample_IsZero()
    {
        var rates = new RateWindow();
        rates.Add(1000, 500, 400);

        Assert.Equal(new Rates(0, 0), rates.Current());
    }

    [Fact]
    public void Current_ManySamples_LooksBackTenSeconds()
    {
        var rates = new RateWindow();
        for (var second = 0; second <= 60; second++)
        {
            rates.Add(second * 1000, second < 50 ? 0 : (second - 50) * 100, second * 7);
        }

        Assert.Equal(new Rates(100, 7), rates.Current());
    }

    [Fact]
    public void Current_CounterFell_IsNotNegative()
    {
        var rates = new RateWindow();
        rates.Add(0, 1000, 1000);
        rates.Add(1000, 1100, 0);

        Assert.Equal(new Rates(100, 0), rates.Current());
    }
}
