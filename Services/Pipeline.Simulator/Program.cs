using Pipeline.Simulator;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddSimulator();

await using var app = builder.Build();
app.MapDefaultEndpoints();
app.MapSimulator();
await app.RunAsync();
