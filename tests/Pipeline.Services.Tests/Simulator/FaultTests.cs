using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Simulator;
using Pipeline.Simulator.Faults;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Simulator;

public sealed class FaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TooManyRequests_WithRetryAfter_SaysWhenToComeBack()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        var response = await host.GetAsync("/api/?_fault=too-many-requests;retry-after=7");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task ServerError_WithStatus_HasIt()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        Assert.Equal(HttpStatusCode.BadGateway, (await host.GetAsync("/api/?_fault=server-error;status=502")).StatusCode);
    }

    [Fact]
    public async Task ErrorObject_ComesWithStatus200()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        var page = await host.GetJsonAsync("/api/?_fault=error-object");
        Assert.StartsWith("Uh oh, something has gone wrong.", page.Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Truncated_Body_IsThePrefixOfTheWholeOne()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        var whole = await host.GetTextAsync("/api/?seed=a&results=5");
        var cut = await host.GetTextAsync("/api/?seed=a&results=5&_fault=truncated;bytes=700");
        Assert.Equal(whole[..cut.Length], cut);
        Assert.ThrowsAny<JsonException>(() => JsonElement.Parse(cut));
    }

    [Fact]
    public async Task Reset_MidBody_BreaksTheConnection()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => host.GetTextAsync("/api/?results=5&_fault=reset;bytes=100"));
        await Assert.ThrowsAnyAsync<Exception>(() => host.GetTextAsync("/api/?_fault=reset"));
    }

    [Fact]
    public async Task Slow_Answer_WaitsForTheDelay()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        var answer = host.GetTextAsync("/api/?seed=a&_fault=slow;delay=30");
        Assert.False(answer.IsCompleted);
        await Eventually.TrueAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(30));
            return answer.IsCompleted;
        });
        Assert.Equal(await host.GetTextAsync("/api/?seed=a"), await answer);
    }

    [Fact]
    public async Task Trickle_Answer_IsWholeInTheEnd()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        Assert.Equal(await host.GetTextAsync("/api/?seed=a"), await host.GetTextAsync("/api/?seed=a&_fault=trickle;bytes=100;delay=0"));
    }

    [Theory]
    [InlineData("html", "text/html", "<!DOCTYPE html>")]
    [InlineData("foreign-json", "application/json", "{\"data\":")]
    [InlineData("empty", "application/json", "")]
    public async Task ForeignAnswer_WithStatus200_IsNotOurs(string fault, string contentType, string start)
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        host.Client.DefaultRequestHeaders.Add("X-Simulator-Fault", fault);
        var response = await host.GetAsync("/api/");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith(start, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Switch_NotUnderstood_IsABadRequest()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/api/?_fault=earthquake")).StatusCode);
    }

    [Fact]
    public async Task Switches_NotAllowed_AreIgnored()
    {
        await using var host = await SimulatorHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/?_fault=server-error")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/_faults")).StatusCode);
    }

    [Fact]
    public async Task Endpoint_Queue_FailsTheNextCallsOnly()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        var planned = await host.Client.PostAsJsonAsync("/_faults", new { faults = new[] { "server-error", "empty" }, count = 2 }, Cancel);
        Assert.Equal(4, (await planned.Content.ReadFromJsonAsync<JsonElement>(Cancel)).At("queued").GetInt32());
        Assert.Equal((int[])[503, 503, 200, 200, 200], await StatusesAsync(host, 5));
        Assert.Equal(4, (await host.GetJsonAsync("/_faults")).At("injected").GetInt64());
    }

    [Fact]
    public async Task Endpoint_Delete_EndsAllFaults()
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync(("Simulator:Faults:Next:0", "server-error"), ("Simulator:Faults:Rate", "1"));
        await host.Client.DeleteAsync("/_faults", Cancel);
        Assert.Equal((int[])[200, 200], await StatusesAsync(host, 2));
    }

    [Theory]
    [InlineData("""{"faults":["nonsense"]}""")]
    [InlineData("""{"faults":["empty"],"count":0}""")]
    [InlineData("""{"faults":["empty"],"count":20000}""")]
    [InlineData("""{"rate":2}""")]
    [InlineData("{}")]
    public async Task Endpoint_WrongPlan_IsRefused(string plan)
    {
        await using var host = await SimulatorHost.StartWithFaultsAsync();
        using var content = new StringContent(plan, System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PostAsync("/_faults", content, Cancel)).StatusCode);
        Assert.Equal((int[])[200], await StatusesAsync(host, 1));
    }

    [Fact]
    public async Task Rate_OfOneSeed_FailsTheSameCalls()
    {
        (string, string)[] settings = [("Simulator:Faults:Rate", "0.3"), ("Simulator:Faults:Seed", "9"), ("Simulator:Faults:Kinds:0", "server-error")];
        await using var first = await SimulatorHost.StartAsync("", settings);
        await using var second = await SimulatorHost.StartAsync("", settings);
        var statuses = await StatusesAsync(first, 200);
        Assert.Equal(statuses, await StatusesAsync(second, 200));
        Assert.InRange(statuses.Count(status => status == 503), 40, 80);
    }

    [Fact]
    public async Task Next_OfTheSettings_ComesBeforeTheRate()
    {
        await using var host = await SimulatorHost.StartAsync("", ("Simulator:Faults:Next:0", "server-error;status=500"), ("Simulator:Faults:Next:1", "server-error;status=504"));
        Assert.Equal((int[])[500, 504, 200], await StatusesAsync(host, 3));
    }

    [Fact]
    public void Options_WithSeveralErrors_NameThemAll()
    {
        var result = new SimulatorOptionsValidator().Validate(null, new SimulatorOptions
        {
            RateLimit = new RateLimitOptions { Users = 0, Window = TimeSpan.Zero },
            Faults = new FaultOptions { Rate = 1.5, Next = ["flood"], Kinds = ["slow;delay=-1"] },
        });
        Assert.Equal(5, result.Failures?.Count());
        Assert.Contains("Simulator:Faults:Rate is 1.5", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithWrongSettings_Fails()
        => await Assert.ThrowsAsync<OptionsValidationException>(() => SimulatorHost.StartAsync("", ("Simulator:RateLimit:Users", "-1")));

    [Theory]
    [InlineData("server-error;status=499")]
    [InlineData("server-error;status")]
    [InlineData("slow;delay=601")]
    [InlineData("slow;delay=NaN")]
    [InlineData("slow;pace=1")]
    [InlineData("")]
    [InlineData("0")]
    public void Fault_NotWellWritten_IsRefusedWithTheReason(string text)
    {
        Assert.False(Fault.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    private static async Task<int[]> StatusesAsync(SimulatorHost host, int calls)
    {
        var statuses = new int[calls];
        for (var i = 0; i < calls; i++)
        {
            statuses[i] = (int)(await host.GetAsync("/api/?seed=a")).StatusCode;
        }

        return statuses;
    }
}
