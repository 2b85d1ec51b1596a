using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost;
using Pipeline.AppHost.Cassandra;
using Pipeline.AppHost.Commands;
using Pipeline.AppHost.Kafka;
using Pipeline.AppHost.KafkaUi;
using Pipeline.AppHost.Publishing;
using Pipeline.AppHost.SchemaRegistry;
using Pipeline.AppHost.Superset;
using Pipeline.AppHost.Trino;
using Pipeline.AppHost.Zookeeper;
using Pipeline.Contracts;
using Pipeline.Standalone;

if (!AppHostArguments.AreForAspire(args))
{
    return await StandaloneHost.RunAsync(args);
}

var builder = DistributedApplication.CreateBuilder(AppHostArguments.WithManifestStep(args));
builder.AddLocalDashboardDefaults().AddKeptSecrets();

var options = StackOptions.Read(builder.Configuration, out var errors);
if (errors.Count > 0)
{
    await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, errors));
    return StackOptions.BadOptionsExitCode;
}

if (options.Target == DeploymentTarget.Manifest && AppHostArguments.NeedTarget(args))
{
    await Console.Error.WriteLineAsync("What is to be published? --target compose or --target kubernetes; or the manifest: --publisher manifest.");
    return StackOptions.BadOptionsExitCode;
}

if (builder.ExecutionContext.IsPublishMode && DeploymentTargets.Refusal(options.Target) is { } refusal)
{
    await Console.Error.WriteLineAsync(refusal);
    return StackOptions.BadOptionsExitCode;
}

var (profile, remark) = await options.ResolveAsync(builder);
if (remark is not null)
{
    await Console.Error.WriteLineAsync(remark);
}

if (profile == StackProfile.Embedded)
{
    builder.AddEmbeddedPipeline();
    builder.AddDeploymentTarget(options.Target);
    await using var embedded = builder.Build();
    await embedded.RunAsync();
    return embedded.Services.GetService<EmbeddedConsole>()?.ExitCode ?? 0;
}

if (builder.ExecutionContext.IsPublishMode && !options.WithCassandra)
{
    await Console.Error.WriteLineAsync("--profile full is published with Cassandra only (a build with its driver, or --cassandra true): without it each service would keep results in a container of its own.");
    return StackOptions.BadOptionsExitCode;
}

// A value given here directly would win over the configuration.
var usersPerRun = builder.AddParameter("users-per-run", () => builder.Configuration["Parameters:users-per-run"] ?? "200", publishValueAsDefault: true);
var token = builder.PublishedToken();

// Each Kafka mode has a log of its own, and what was derived from the one does not fit the other.
var logVolume = options.KafkaMode == KafkaMode.KRaft ? "kraft-data" : "data";

// Log: Kafka, with ZooKeeper or by itself, the Schema Registry, and a page to look at both.
var kafka = builder.ExternalServer("kafka");
var registry = builder.ExternalServer("schema-registry");
if (kafka is null)
{
    // The name of the broker in the original stack.
    var broker = builder.AddKafka("kafka").WithContainerNetworkAlias("broker")
        .WithTopic(Topics.Users, Topics.Partitions, TimeSpan.FromHours(24))
        .WithTopic(Topics.Activity, Topics.Partitions, TimeSpan.FromHours(24))
        .WithDataVolume(logVolume);
    _ = options.KafkaMode == KafkaMode.ZooKeeper
        ? broker.WithZookeeper(builder.AddZookeeper("zookeeper").WithDataVolume())
        : broker.WithKRaft();
    kafka = broker;
    if (registry is null)
    {
        var schemas = builder.AddSchemaRegistry("schema-registry", broker);
        registry = schemas;
        if (options.WithKafkaUi)
        {
            builder.AddKafkaUi("kafka-ui", broker, schemas, port: 9021);
        }
    }
}

// Stores: results in Cassandra; PostgreSQL has metadata only.
var cassandra = options.WithCassandra && !builder.IsExternal("cassandra") ? builder.AddCassandra("cassandra").WithDataVolume(logVolume) : null;
var results = cassandra?.AddKeyspace("user-events", "user_events") ?? (options.WithCassandra ? builder.ExternalServer("cassandra") : null);
var postgres = builder.IsExternal("postgres") ? null : builder.AddPostgres("postgres").WithDataVolume();
var metadata = postgres?.AddDatabase("airflow") ?? builder.AddConnectionString("postgres");

// Data source: the RandomUser API or its simulator, which also makes activity of the users.
var ingest = builder.AddBuiltProject<Projects.Pipeline_Ingest>("ingest").WithHttpEndpoint();
if (options.WithSimulator)
{
    var simulator = builder.AddBuiltProject<Projects.Pipeline_Simulator>("simulator").WithHttpEndpoint()
        .WithLog(kafka, registry)
        .WithEnvironment("Activity__Enabled", "true")
        .WithHttpHealthCheck("/health")
        .WithDataDirectory()
        .WithPublishedToken(token)
        .WithFaultCommands();
    ingest.WithEnvironment("Ingest__BaseUrl", $"{simulator.GetEndpoint("http")}/api/1.4/")
        .WithReferenceRelationship(simulator)
        .WaitForStart(simulator);
}

// Ingest: the DAG get_data → format_data → stream_data.
ingest.WithLog(kafka, registry)
    .WithMetadata(metadata)
    .WithEnvironment("Ingest__UsersPerRun", usersPerRun)
    .WithHttpHealthCheck("/health")
    .WithDataDirectory()
    .WithPublishedToken(token)
    .WithBurstCommand();

// Processing: parse → quality → enrich → windows → sessions → Cassandra.
var processor = builder.AddBuiltProject<Projects.Pipeline_Processor>("processor").WithHttpEndpoint()
    .WithLog(kafka, registry)
    .WithResults(results)

    // Rows on their way to Cassandra are garbage soon, but not as soon as the usual 6 MB are full. With 64 MB the processor needs a quarter less CPU time for an event.
    .WithEnvironment("DOTNET_GCgen0size", "0x4000000")
    .WithHttpHealthCheck("/health")
    .WithDataDirectory()
    .WithPublishedToken(token)
    .WithProcessorCommands();

// Query and visual.
builder.AddBuiltProject<Projects.Pipeline_Dashboard>("dashboard").WithHttpEndpoint(port: 5080)
    .WithLog(kafka, registry)
    .WithResults(results)
    .WithMetadata(metadata)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health")
    .WithDataDirectory()
    .WithPublishedToken(token)
    .WithPageUrls()
    .WithDagCommands()
    .WaitForStart(processor);

// Superset has no engine for Cassandra: Trino stands between them.
if (options.WithSuperset && cassandra is not null && postgres is not null)
{
    builder.AddSuperset("superset", builder.AddTrino("trino", cassandra), postgres.AddDatabase("superset-metadata", "superset"), port: 8088);
}

if (builder.ExecutionContext.IsRunMode)
{
    foreach (var resource in builder.Resources.Where(resource => resource is ProjectResource or ContainerResource))
    {
        builder.CreateResourceBuilder(resource).WithKillCommand();
    }
}

builder.AddDeploymentTarget(options.Target);
await builder.Build().RunAsync();
return 0;
