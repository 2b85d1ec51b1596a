using Pipeline.Ingest;
using Pipeline.Streaming.RecordLog;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRecordLog();
builder.AddIngest();
builder.Services.AddProblemDetails();

await using var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapDefaultEndpoints();
app.MapIngestApi();
await app.RunAsync();
