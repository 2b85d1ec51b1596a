using Pipeline.AppHost;
using Pipeline.Standalone;

if (!AppHostArguments.AreForAspire(args))
{
    return await StandaloneHost.RunAsync(args);
}

var builder = DistributedApplication.CreateBuilder(args);
builder.AddLocalDashboardDefaults();

// No proxy before it: the pipeline listens on the port that it says it does, with Aspire as without.
var pipeline = builder.AddProject<Projects.Pipeline_Standalone>("pipeline")
    .WithHttpEndpoint(port: 5080, isProxied: false)
    .WithHttpHealthCheck("/health");

if (builder.ExecutionContext.IsRunMode)
{
    // Aspire starts a project in its own directory; the data belong where this command was typed, as without Aspire.
    pipeline.WithEnvironment("Data__Directory", Path.GetFullPath(builder.Configuration["Data:Directory"] ?? "data"));
}

else
{
    // Deployed it listens for other machines, and does not start without a token for them.
    pipeline.WithEnvironment("Security__Tokens__0__Role", "admin")
        .WithEnvironment("Security__Tokens__0__Value", builder.AddParameter("api-token", secret: true));
}

await builder.Build().RunAsync();
return 0;
