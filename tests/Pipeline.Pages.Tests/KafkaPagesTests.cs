using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Playwright;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>The pages with real brokers behind them: what is there on an embedded log, and who leads, who else reads, and how far they are.</summary>
[Collection(nameof(PagesCollection))]
public sealed class KafkaPagesTests(BrowserFixture browser)
{
    private const int Users = 30;
    // The page asks the first groups by name when there are many, and other tests leave theirs on the same brokers.
    private const string OtherGroup = "another-reader";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Pages_WithBrokersBehind_ShowTopicsLeadersAndOtherGroups()
    {
        var servers = RequiresServer.ConnectionString("kafka");
        await RemoveTopicsAsync(servers);
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(
            directory.FullPath, $"--ConnectionStrings:kafka={servers}", "--Ingest:Interval=366d", $"--Ingest:UsersPerRun={Users}", "--Activity:Enabled=false");
        await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored == Users, TimeSpan.FromMinutes(2));
        var (partition, end) = CommitAsAnother(servers, unread: 2);
        await using var page = await browser.OpenAsync();

        await page.GoAsync(pipeline.Url, "/");
        await page.ShowsAsync("stored", Users);
        await page.ShowsAsync("consumed", Users);

        await page.GoAsync(pipeline.Url, $"/topics?topic={Topics.Users}&partition={partition}&offset=0");
        var row = page.Rows($"Partitions of {Topics.Users}").Nth(partition).Locator("td");
        await Expect(row.Nth(2)).ToHaveTextAsync(BrowserPage.Text(end));
        await Expect(row.Nth(6)).ToContainTextAsync($":{servers.Split(':')[^1]}");
        await Expect(row.Nth(7)).ToHaveTextAsync("1 of 1");
        await Expect(page.Page.Locator("#messages pre.bytes")).ToContainTextAsync("\"event_type\": \"profile\"");

        // Both groups with how far they are: ours to the end, the other two records before it. Theirs is asked for every ten seconds.
        var groups = page.Rows("Groups and how far they are");
        var other = groups.Filter(new() { HasText = OtherGroup }).Locator("td");
        await Expect(other.Nth(3)).ToHaveTextAsync("2");
        await Expect(other.Nth(6)).ToHaveTextAsync($"partition {partition}, 2");
        var own = groups.Filter(new() { HasText = Topics.ProcessorGroup }).Filter(new() { HasText = Topics.Users }).Locator("td");
        await Expect(own.Nth(1)).ToHaveTextAsync("1");
        await Expect(own.Nth(3)).ToHaveTextAsync("0");
        Assert.Empty(await page.AccessibilityProblemsAsync());

        await page.GoAsync(pipeline.Url, "/components");
        await Expect(page.Page.Locator("[data-figure=health]")).ToHaveTextAsync("healthy");
        Assert.Empty(page.Complaints);
    }

    /// <summary>The pipeline's topics have names of their own, so what an earlier run left on these brokers goes.</summary>
    private static async Task RemoveTopicsAsync(string servers)
    {
        string[] topics = [.. Topics.All, .. Topics.All.Select(Topics.DeadLettersOf)];
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = servers }).Build();
        try
        {
            await admin.DeleteTopicsAsync(topics);
        }
        catch (DeleteTopicsException e) when (e.Results.TrueForAll(r => r.Error.Code is ErrorCode.NoError or ErrorCode.UnknownTopicOrPart))
        {
            // They were not there.
        }

        await Eventually.TrueAsync(() => !admin.GetMetadata(Patience).Topics.Exists(t => topics.Contains(t.Topic)), Patience);
    }

    /// <summary>Commits, as a member of another group, all but some records of a partition; returns which one, and its end as the broker tells it.</summary>
    private static (int Partition, long End) CommitAsAnother(string servers, int unread)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = servers, GroupId = OtherGroup, EnableAutoCommit = false }).Build();
        for (var partition = 0; ; partition++)
        {
            var topicPartition = new TopicPartition(Topics.Users, partition);
            var end = consumer.QueryWatermarkOffsets(topicPartition, Patience).High.Value;
            if (end > unread)
            {
                consumer.Assign(topicPartition);
                consumer.Commit([new TopicPartitionOffset(topicPartition, end - unread)]);
                return (partition, end);
            }
        }
    }
}
