using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>What tests of the dashboard ask, on a host of their own or on one that their class shares.</summary>
public abstract class DashboardFixture : IAsyncLifetime
{
    private readonly DashboardHost _host;
    private readonly bool _isOwn;

    protected DashboardFixture()
    {
        (_host, _isOwn) = (new DashboardHost(), true);
    }

    protected DashboardFixture(DashboardHost shared)
    {
        ArgumentNullException.ThrowIfNull(shared);
        _host = shared;
        _host.Reset();
    }

    internal static DateTimeOffset Now => DashboardHost.Now;

    internal StubLog RecordLog => _host.RecordLog;

    internal StubStore Store => _host.Store;

    internal FakeTimeProvider Clock => _host.Clock;

    internal DagOperations Operations => _host.Operations;

    internal HttpClient Client => _host.Client;

    public ValueTask InitializeAsync() => _isOwn ? _host.InitializeAsync() : ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_isOwn)
        {
            await _host.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    internal async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{path} answered {(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    internal async Task<JsonElement> GetProblemAsync(string path, HttpStatusCode expected)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        return problem;
    }
}
