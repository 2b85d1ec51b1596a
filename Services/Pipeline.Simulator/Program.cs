using Pipeline.EventLog;
using Pipeline.Simulator;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddSimulator();

// Alone, the service is the API; the generator needs a record log that others use too, so here it has to be asked for.
if (builder.Configuration.GetValue<bool>("Activity:Enabled"))
{
    builder.AddEventLog();
    builder.AddActivityGenerator();
}

await using var app = builder.Build();
app.MapDefaultEndpoints();
app.MapSimulator();
return await app.RunServiceAsync();
