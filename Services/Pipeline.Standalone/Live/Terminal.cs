using Spectre.Console;

namespace Pipeline.Standalone.Live;

/// <summary>The console for tables, marks and progress bars.</summary>
internal static class Terminal
{
    /// <summary>Into a file or a pipe there is no width to wrap at.</summary>
    private const int WidthOfFiles = 200;

    public static IAnsiConsole Open()
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = WidthOfFiles;
        }

        return console;
    }
}
