using Pipeline.EventLog;
using Pipeline.Ingest;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventLog();
builder.AddIngest();
builder.Services.AddProblemDetails();

await using var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapDefaultEndpoints();
app.MapIngestApi();
return await app.RunServiceAsync();
