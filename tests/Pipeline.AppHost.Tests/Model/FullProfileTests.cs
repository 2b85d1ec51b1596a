using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Pipeline.AppHost.Cassandra;
using Pipeline.AppHost.Kafka;

namespace Pipeline.AppHost.Tests.Model;

/// <summary>The full profile as a model: what there is, what waits for what, ports, images, volumes.</summary>
public sealed partial class FullProfileTests(FullProfileTests.Default built) : IClassFixture<FullProfileTests.Default>
{
    private static readonly string[] Services = ["dashboard", "ingest", "processor", "simulator"];

    [Fact]
    public void Resources_Default_AreTheWholeStack()
    {
        Assert.Equal(
            ["airflow", "cassandra", "dashboard", "ingest", "kafka", "kafka-ui", "postgres", "processor", "schema-registry", "simulator", "superset", "superset-metadata", "trino", "user-events", "zookeeper"],
            built.Model.Names);
    }

    // The service table of the original architecture: who talks to whom, on which port.
    [Theory]
    [InlineData("ingest", "kafka", "tcp", 9092)]
    [InlineData("ingest", "airflow", "tcp", 5432)]
    [InlineData("processor", "kafka", "tcp", 9092)]
    [InlineData("processor", "user-events", "cql", 9042)]
    public void Service_OfTheOriginalTable_ReachesItsServerOnItsPort(string from, string to, string endpoint, int port)
    {
        Assert.Contains(to, built.Model.ReferredToBy(from));
        var server = built.Model[to] is IResourceWithParent child ? child.Parent.Name : to;
        Assert.Equal(port, built.Model.TargetPort(server, endpoint));
    }

    [Theory]
    [InlineData("zookeeper", "tcp", 2181)]
    [InlineData("schema-registry", "http", 8081)]
    public void Server_OfTheOriginalStack_ListensOnItsPort(string server, string endpoint, int port)
    {
        Assert.Equal(port, built.Model.TargetPort(server, endpoint));
    }

    [Fact]
    public void Superset_HasItsPortOnThisMachine()
    {
        Assert.Equal(8088, built.Model["superset"].Annotations.OfType<EndpointAnnotation>().Single().Port);
    }

    [Fact]
    public void KafkaUi_InControlCentersPlace_HasItsPortOnThisMachine()
    {
        Assert.Equal(9021, built.Model["kafka-ui"].Annotations.OfType<EndpointAnnotation>().Single().Port);
    }

    [Fact]
    public void Broker_OnTheContainerNetwork_HasTheNameOfTheOriginalStack()
    {
        Assert.Contains("broker", built.Model["kafka"].Annotations.OfType<ContainerNetworkAliasAnnotation>().Select(alias => alias.Alias));
    }

    // PostgreSQL is for metadata: whoever handles events does not see it.
    [Fact]
    public void Postgres_HoldsMetadataOnly_AndIsReachedByNoOtherService()
    {
        Assert.Equal(["dashboard", "ingest"], Services.Where(service => built.Model.ReferredToBy(service).Contains("airflow")));
    }

    [Theory]
    [InlineData("kafka", "zookeeper")]
    [InlineData("schema-registry", "kafka")]
    [InlineData("kafka-ui", "kafka", "schema-registry")]
    [InlineData("simulator", "kafka", "schema-registry")]
    [InlineData("ingest", "airflow", "kafka", "postgres", "schema-registry", "simulator")]
    [InlineData("processor", "cassandra", "kafka", "schema-registry", "user-events")]
    [InlineData("dashboard", "airflow", "cassandra", "kafka", "postgres", "processor", "schema-registry", "user-events")]
    [InlineData("trino", "cassandra")]
    [InlineData("superset", "postgres", "superset-metadata", "trino")]
    public void StartOrder_IsTheGraph(string name, params string[] waitsFor)
    {
        Assert.Equal(waitsFor, built.Model.WaitedForBy(name));
    }

    // A service is there when another one is not well; servers have to be healthy.
    [Theory]
    [InlineData("simulator")]
    [InlineData("ingest", "simulator")]
    [InlineData("processor")]
    [InlineData("dashboard", "processor")]
    [InlineData("superset")]
    public void StartOrder_AmongServices_IsOfStartsAndNotOfHealth(string name, params string[] services)
    {
        Assert.Equal(services, built.Model.WaitedForToStartBy(name));
    }

    [Fact]
    public async Task Services_AreStartedAsTheProgramsThatWereBuilt()
    {
        foreach (var service in Services)
        {
            var (command, arguments) = await built.Model.CommandAsync(service);

            Assert.Equal("dotnet", command);
            Assert.True(File.Exists(Assert.IsType<string>(Assert.Single(arguments))), $"{service}: {arguments[0]}");
        }
    }

    // It builds and debugs them itself.
    [Theory]
    [InlineData("--DEBUG_SESSION_PORT=localhost:5555")]
    [InlineData("--DOTNET_WATCH=true")]
    public async Task Services_UnderAnIde_AreLeftToIt(string ide)
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", ide);

        foreach (var service in Services)
        {
            var (command, arguments) = await model.CommandAsync(service);

            Assert.Null(command);
            Assert.Empty(arguments);
        }
    }

    [Theory]
    [InlineData("kafka", "/var/lib/kafka/data")]
    [InlineData("zookeeper", "/var/lib/zookeeper/data", "/var/lib/zookeeper/log")]
    [InlineData("cassandra", "/var/lib/cassandra")]
    public void Server_WithData_KeepsItInVolumes(string name, params string[] folders)
    {
        Assert.Equal(folders, built.Model.Volumes(name));
    }

    [Fact]
    public void Images_OfAllContainers_ArePinned()
    {
        Assert.All(
            built.Model.Names.Where(name => built.Model[name] is ContainerResource && !built.Model.IsBuilt(name)).Select(built.Model.Image),
            image => Assert.Matches(PinnedImage(), image));
        Assert.All(
            built.Model.Names.Where(built.Model.IsBuilt).SelectMany(name => File.ReadLines(Path.Combine(built.Model.BuildContext(name), "Dockerfile"))).Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)),
            line => Assert.Matches(@"^FROM [a-z0-9./-]+:v?\d+(\.\d+)*$", line));
    }

    [Theory]
    [InlineData("ingest", "burst", "kill")]
    [InlineData("processor", "kill", "pause-processing", "replay-processing", "reset-processing", "resume-processing")]
    [InlineData("dashboard", "fetch", "kill", "pause", "unpause")]
    [InlineData("simulator", "break", "kill", "mend")]
    [InlineData("kafka", "kill")]
    [InlineData("cassandra", "kill")]
    public void Commands_OfAResource_AreOnItsMenu(string name, params string[] commands)
    {
        Assert.Equal(commands, built.Model[name].Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.Name).Order());
    }

    [Fact]
    public void Health_OfEveryResource_IsProbed()
    {
        Assert.All(built.Model.Names, name => Assert.True(built.Model[name].HasAnnotationOfType<HealthCheckAnnotation>(), name));
    }

    // A server that takes a connection and does not answer is asked again.
    [Theory]
    [InlineData("zookeeper_check")]
    [InlineData("kafka_check")]
    [InlineData("cassandra_check")]
    [InlineData("user-events_check")]
    [InlineData("trino_check")]
    public void HealthCheck_OfAServer_HasALimit(string name) =>
        Assert.InRange(built.Model.HealthCheck(name).Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    [Fact]
    public void Topics_OfTheContract_HaveTheirShape()
    {
        Assert.Equal(
            [new("users_topic", 3, TimeSpan.FromHours(24)), new("user_activity", 3, TimeSpan.FromHours(24))],
            built.Model["kafka"].Annotations.OfType<KafkaTopicAnnotation>());
    }

    [Fact]
    public void Keyspace_OfTheContract_HasItsNameAndStatement()
    {
        var keyspace = built.Model.Get<CassandraKeyspaceResource>("user-events");
        Assert.Equal("user_events", keyspace.KeyspaceName);
        Assert.Equal("""CREATE KEYSPACE IF NOT EXISTS "user_events" WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}""", keyspace.CreateStatement);
    }

    [Theory]
    [InlineData("200", "--profile", "full")]
    [InlineData("7", "--profile", "full", "--Parameters:users-per-run=7")]
    public async Task UsersPerRun_IsAParameterWithADefault(string value, params string[] arguments)
    {
        await using var model = await AppHostModel.BuildAsync(arguments);

        Assert.Equal(value, await model.Get<ParameterResource>("users-per-run").GetValueAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Password_OfPostgres_IsASecret()
    {
        Assert.True(built.Model.Get<PostgresServerResource>("postgres").PasswordParameter.Secret);
    }

    // The data in the volume know the password of the first start.
    [Fact]
    public async Task Password_OfPostgres_IsTheSameAtTheNextStart()
    {
        Assert.Equal(await PasswordAsync(), await PasswordAsync());

        static async Task<string?> PasswordAsync()
        {
            await using var model = await AppHostModel.BuildAsync("--profile", "full", "--environment", "Production");
            return await model.Get<PostgresServerResource>("postgres").PasswordParameter.GetValueAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Superset_KeyAndPasswords_AreSecretsThatNobodyWroteDown()
    {
        var secrets = (await built.Model.EnvironmentAsync("superset"))
            .Where(variable => variable.Key.EndsWith("PASSWORD", StringComparison.Ordinal) || variable.Key.EndsWith("KEY", StringComparison.Ordinal)).ToList();

        Assert.Equal(4, secrets.Count);
        Assert.All(secrets, secret => Assert.True(Assert.IsType<ParameterResource>(secret.Value).Secret, secret.Key));
    }

    [Fact]
    public async Task Kafka_InKRaftMode_NeedsNoZookeeper()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", "--kafka-mode", "kraft");

        Assert.DoesNotContain("zookeeper", model.Names);
        Assert.Empty(model.WaitedForBy("kafka"));
        var environment = await model.EnvironmentAsync("kafka");
        Assert.Equal("broker,controller", environment["KAFKA_PROCESS_ROLES"]);
        Assert.DoesNotContain("KAFKA_ZOOKEEPER_CONNECT", environment.Keys);
    }

    // A broker refuses the data of another cluster; results and checkpoints of one log say nothing of another.
    [Fact]
    public async Task Volumes_OfTheLogAndWhatIsDerivedFromIt_AreOthersInTheOtherMode()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", "--kafka-mode", "kraft");

        Assert.Empty(model.VolumeNames("kafka").Intersect(built.Model.VolumeNames("kafka")));
        Assert.Empty(model.VolumeNames("cassandra").Intersect(built.Model.VolumeNames("cassandra")));
        Assert.Equal(built.Model.VolumeNames("postgres"), model.VolumeNames("postgres"));
    }

    [Fact]
    public async Task Kafka_ByDefault_IsCoordinatedByZookeeper()
    {
        var environment = await built.Model.EnvironmentAsync("kafka");
        Assert.Contains("KAFKA_ZOOKEEPER_CONNECT", environment.Keys);
        Assert.DoesNotContain("KAFKA_PROCESS_ROLES", environment.Keys);
    }

    // A client that connects is told another address; a wrong one works for nobody but the broker.
    [Theory]
    [InlineData("zookeeper")]
    [InlineData("kraft")]
    public async Task Kafka_AdvertisesItself_ToThisMachineAndToContainers(string mode)
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", "--kafka-mode", mode);

        var advertised = Assert.IsType<ReferenceExpression>((await model.EnvironmentAsync("kafka"))["KAFKA_ADVERTISED_LISTENERS"]);
        Assert.Equal("PLAINTEXT_HOST://localhost:{kafka.bindings.tcp.port},PLAINTEXT_INTERNAL://kafka:{kafka.bindings.internal.targetPort}", advertised.ValueExpression);
    }

    [Fact]
    public async Task Results_WithoutCassandra_AreInTheDataDirectoryOfAllServices()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", "--cassandra", "false");

        Assert.DoesNotContain("cassandra", model.Names);
        Assert.Single((await Task.WhenAll(Services.Select(model.EnvironmentAsync))).Select(environment => environment["Data__Directory"]).Distinct());
    }

    [Fact]
    public async Task OptionalParts_SwitchedOff_AreNotThere()
    {
        await using var model = await AppHostModel.BuildAsync("--profile", "full", "--kafka-ui", "false", "--superset", "false", "--simulator=false");

        Assert.Empty(model.Names.Intersect(["kafka-ui", "superset", "superset-metadata", "trino"]));
        Assert.DoesNotContain("simulator", model.Names);
        Assert.DoesNotContain("simulator", model.WaitedForBy("ingest"));
    }

    [Fact]
    public async Task Servers_WithConnectionStrings_AreNotStarted()
    {
        await using var model = await AppHostModel.BuildAsync(
            "--profile", "full",
            "--ConnectionStrings:kafka=broker:9092", "--ConnectionStrings:cassandra=node:9042",
            "--ConnectionStrings:postgres=Host=db;Database=airflow", "--ConnectionStrings:schema-registry=http://registry:8081");

        Assert.Equal(Services, model.Names);
        Assert.DoesNotContain(model.Names, name => model[name] is ContainerResource);
    }

    [Theory]
    [InlineData("kafka", "broker:9092")]
    [InlineData("cassandra", "node:9042")]
    [InlineData("postgres", "Host=db;Database=airflow")]
    [InlineData("schema-registry", "http://registry:8081")]
    public async Task Service_WithServersOfOnesOwn_GetsTheirConnectionStrings(string name, string value)
    {
        await using var model = await AppHostModel.BuildAsync(
            "--profile", "full",
            "--ConnectionStrings:kafka=broker:9092", "--ConnectionStrings:cassandra=node:9042",
            "--ConnectionStrings:postgres=Host=db;Database=airflow", "--ConnectionStrings:schema-registry=http://registry:8081");

        var server = model.Get<IResourceWithConnectionString>(name);
        Assert.Equal(value, await server.GetConnectionStringAsync(TestContext.Current.CancellationToken));
        Assert.Contains(name, model.ReferredToBy("dashboard"));
    }

    [GeneratedRegex(@"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?$")]
    private static partial Regex PinnedImage();

    /// <summary>The profile without any option, built once.</summary>
    public sealed class Default : IAsyncLifetime
    {
        internal AppHostModel Model { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Model = await AppHostModel.BuildAsync("--profile", "full");

        public ValueTask DisposeAsync() => Model?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
