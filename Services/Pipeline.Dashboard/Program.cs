using Pipeline.EventLog;
using Pipeline.Scheduling;
using Pipeline.Sqlite;
using Pipeline.Storage;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventLog();
builder.AddResultStore();
builder.AddSchedulingQueries();
builder.AddDashboard();

await using var app = builder.Build();
app.MapDefaultEndpoints();
app.MapDashboard();
using var shared = app.Services.GetRequiredService<DataDirectory>().LockShared();
return await app.RunServiceAsync();
