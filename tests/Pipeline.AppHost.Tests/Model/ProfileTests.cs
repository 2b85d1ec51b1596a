namespace Pipeline.AppHost.Tests.Model;

/// <summary>Which profile is chosen when nobody says it.</summary>
public sealed class ProfileTests
{
    private const string NoSuchRuntime = "--ASPIRE_CONTAINER_RUNTIME=no-such-container-runtime";

    [Fact]
    public async Task Profile_NoContainerRuntime_IsEmbedded()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "auto", NoSuchRuntime);

        Assert.Equal(["pipeline"], model.Names);
    }

    [Fact]
    public async Task Profile_NoContainerRuntimeButServersForAll_IsFull()
    {
        await using var model = await AppHostModel.BuildAsync(
            "--profile", "auto", NoSuchRuntime,
            "--ConnectionStrings:kafka=broker:9092", "--ConnectionStrings:cassandra=node:9042", "--ConnectionStrings:postgres=Host=db");

        Assert.Equal(["dashboard", "ingest", "processor", "simulator"], model.Names);
    }

    [Fact]
    public async Task Embedded_WithAServerOfOnesOwn_UsesIt()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "embedded", "--ConnectionStrings:kafka=broker:9092");

        Assert.Equal(["pipeline"], model.Names);
        Assert.Equal(["kafka"], model.ReferredToBy("pipeline"));
    }
}
