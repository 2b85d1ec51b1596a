using Pipeline.Processor;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddProcessor();

await using var app = builder.Build();
app.MapDefaultEndpoints();
await app.RunAsync();
