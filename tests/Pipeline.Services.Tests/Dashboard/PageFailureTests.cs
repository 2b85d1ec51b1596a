using System.Net;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>Pages of a store that was never there: what a shared host has read before would be shown instead.</summary>
public sealed class PageFailureTests : DashboardFixture
{
    [Theory]
    [InlineData("/dead-letters?range=all&at=users_topic%2F0%2F7%2F1777636800000")]
    [InlineData("/analytics")]
    [InlineData("/quality")]
    public async Task Page_WhenTheStoreIsAway_SaysSoAndIsStillAPage(string path)
    {
        Store.Failure = new Storage.StorageException("The result store does not answer.", isTransient: true);

        var html = WebUtility.HtmlDecode(await Client.GetStringAsync(path, TestContext.Current.CancellationToken));

        Assert.Contains("does not answer", html, StringComparison.Ordinal);
    }
}
