using Pipeline.Dashboard.Status;
using Pipeline.Sqlite;

namespace Pipeline.Standalone.Live;

/// <summary>What a person needs after the start: where to look, where the data is, how to stop.</summary>
internal static class Greeting
{
    public static void Write(WebApplication app, DataDirectory directory, EmbeddedSimulator simulator, OutputMode output)
    {
        if (output == OutputMode.Json)
        {
            return;
        }

        var url = Addresses.Reachable(app.Urls.First()).TrimEnd('/');
        var source = app.Configuration["Ingest:BaseUrl"];
        Console.Out.WriteLine(
            $"""
            Pipeline {StatusReader.Version}, {StatusReader.ProfileOf(app.Configuration)}
              Page     {url}
              API      {url}/api/status, described at {url}/openapi/v1.json
              Source   {(simulator.IsRunning ? $"the simulator, at {source} (Ingest:BaseUrl names another)" : source)}
              Data     {directory.FullPath}
              Stop     Ctrl-C

            """);
    }

    public static void WriteEnd(OutputMode output)
    {
        if (output != OutputMode.Json)
        {
            Console.Out.WriteLine(output == OutputMode.Terminal ? "\r\u001b[KStopped; nothing is lost." : "Stopped; nothing is lost.");
        }
    }
}
