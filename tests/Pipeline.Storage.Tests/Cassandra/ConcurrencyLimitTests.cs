using Pipeline.Storage.Cassandra.Writing;

namespace Pipeline.Storage.Tests.Cassandra;

public sealed class ConcurrencyLimitTests
{
    [Fact]
    public void Limit_AnswersStayFast_GrowsToTheMost()
    {
        var limit = new ConcurrencyLimit(100);

        Answer(limit, 20_000, milliseconds: 2);

        Assert.Equal(100, limit.Current);
    }

    [Fact]
    public void Limit_NobodyUsesIt_DoesNotGrow()
    {
        var limit = new ConcurrencyLimit(100);
        var first = limit.Current;

        for (var i = 0; i < 10_000; i++)
        {
            limit.Answered(TimeSpan.FromMilliseconds(2), inFlight: 1);
        }

        Assert.Equal(first, limit.Current);
    }

    [Fact]
    public void Limit_AnswersGetSlow_Shrinks()
    {
        var limit = new ConcurrencyLimit(100);
        Answer(limit, 20_000, milliseconds: 2);

        Answer(limit, 2_000, milliseconds: 200);

        Assert.InRange(limit.Current, 1, 20);
    }

    [Fact]
    public void Limit_ServersAreGoneAndComeBack_FallsToOneAndRecovers()
    {
        var limit = new ConcurrencyLimit(100);
        Answer(limit, 20_000, milliseconds: 2);
        for (var i = 0; i < 1_000; i++)
        {
            limit.Overloaded();
        }

        Assert.Equal(1, limit.Current);

        Answer(limit, 20_000, milliseconds: 2);
        Assert.Equal(100, limit.Current);
    }

    [Fact]
    public void Limit_AllThatWereSentTogetherFail_IsHalvedOnce()
    {
        var limit = new ConcurrencyLimit(100);
        Answer(limit, 20_000, milliseconds: 2);

        for (var i = 0; i < 51; i++)
        {
            limit.Overloaded();
        }

        Assert.Equal(50, limit.Current);
    }

    private static void Answer(ConcurrencyLimit limit, int requests, double milliseconds)
    {
        for (var i = 0; i < requests; i++)
        {
            limit.Answered(TimeSpan.FromMilliseconds(milliseconds), limit.Current);
        }
    }
}
