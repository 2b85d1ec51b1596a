using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.AppHost.Tests.Model;

/// <summary>The resources that the AppHost would start with these arguments; nothing is started.</summary>
internal sealed class AppHostModel : IAsyncDisposable
{
    // Servers that the environment names, as a build with real servers does, are none of this model's.
    public static readonly string[] NoServers = ["--ConnectionStrings:kafka=", "--ConnectionStrings:cassandra=", "--ConnectionStrings:postgres=", "--ConnectionStrings:schema-registry="];

    // A build without the driver leaves Cassandra out unless it is asked for; the model is the same.
    private static readonly string[] WithCassandra = ["--cassandra", "true"];

    private readonly DistributedApplication _app;

    private AppHostModel(DistributedApplication app) => _app = app;

    private DistributedApplicationModel Resources => _app.Services.GetRequiredService<DistributedApplicationModel>();

    public static async Task<AppHostModel> BuildAsync(params string[] arguments)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>([.. NoServers, .. WithCassandra, .. arguments], TestContext.Current.CancellationToken);
        // Nothing is started, so nothing has to be stopped either: the orchestrator would wait for itself to answer.
        builder.Services.RemoveAll<IHostedService>();
        return new AppHostModel(await builder.BuildAsync(TestContext.Current.CancellationToken));
    }

    public IResource this[string name] => Resources.Resources.Single(resource => resource.Name == name);

    public HealthCheckRegistration HealthCheck(string name) =>
        _app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single(check => check.Name == name);

    public T Get<T>(string name) where T : IResource => Assert.IsType<T>(this[name], exactMatch: false);

    /// <summary>Everything but parameters and the tools that Aspire adds, in alphabetical order.</summary>
    public IEnumerable<string> Names => Resources.Resources.Where(resource => resource is not (ParameterResource or ExecutableResource)).Select(resource => resource.Name).Order();

    public IEnumerable<string> WaitedForBy(string name) =>
        this[name].Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct().Order();

    /// <summary>Those of them that need not be healthy, but have to have started.</summary>
    public IEnumerable<string> WaitedForToStartBy(string name) =>
        this[name].Annotations.OfType<WaitAnnotation>().Where(wait => wait.WaitType == WaitType.WaitUntilStarted).Select(wait => wait.Resource.Name).Distinct().Order();

    public IEnumerable<string> ReferredToBy(string name) =>
        this[name].Annotations.OfType<ResourceRelationshipAnnotation>().Where(relation => relation.Type == "Reference").Select(relation => relation.Resource.Name).Distinct().Order();

    public int? TargetPort(string name, string endpoint) =>
        this[name].Annotations.OfType<EndpointAnnotation>().Single(annotation => annotation.Name == endpoint).TargetPort;

    public string Image(string name) =>
        this[name].TryGetContainerImageName(out var image) ? image! : throw new InvalidOperationException($"{name} has no image.");

    /// <summary>Whether its image is made from files of the repository.</summary>
    public bool IsBuilt(string name) => this[name].HasAnnotationOfType<DockerfileBuildAnnotation>();

    public string BuildContext(string name) => this[name].Annotations.OfType<DockerfileBuildAnnotation>().Single().ContextPath;

    public IEnumerable<string> Volumes(string name) => this[name].Annotations.OfType<ContainerMountAnnotation>().Select(mount => mount.Target).Order();

    /// <summary>The names of its volumes, as a container runtime knows them.</summary>
    public IEnumerable<string> VolumeNames(string name) => this[name].Annotations.OfType<ContainerMountAnnotation>().Select(mount => mount.Source!);

    /// <summary>The program of a project that is not left to Aspire to start, and what it is started with.</summary>
    public async Task<(string? Command, IReadOnlyList<object> Arguments)> CommandAsync(string name)
    {
        var context = new CommandLineArgsCallbackContext([], this[name]);
        foreach (var annotation in this[name].Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return (this[name].Annotations.OfType<ExecutableAnnotation>().SingleOrDefault()?.Command, [.. context.Args]);
    }

    /// <summary>The environment of a resource as the AppHost describes it: texts, and expressions that get their values later.</summary>
    public async Task<IReadOnlyDictionary<string, object>> EnvironmentAsync(string name)
    {
        var context = new EnvironmentCallbackContext(new DistributedApplicationExecutionContext(DistributedApplicationOperation.Run), this[name]);
        foreach (var annotation in this[name].Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return context.EnvironmentVariables;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
