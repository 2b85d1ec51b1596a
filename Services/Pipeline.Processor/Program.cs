using Pipeline.Processor;
using Pipeline.Processor.Api;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddProcessor();
builder.AddApiSecurity();

await using var app = builder.Build();
app.MapDefaultEndpoints();
app.MapProcessorApi();
return await app.RunServiceAsync();
