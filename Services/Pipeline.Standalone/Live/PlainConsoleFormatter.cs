using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Pipeline.Standalone.Live;

/// <summary>One line per entry; an exception is its message, and its stack only when asked for.</summary>
internal sealed class PlainConsoleFormatter(IOptions<PlainConsoleFormatterOptions> options, TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "plain";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var category = logEntry.Category.AsSpan(logEntry.Category.LastIndexOf('.') + 1);
        textWriter.Write(options.Value.LineStart);
        textWriter.Write(clock.GetLocalNow().ToString("HH:mm:ss ", CultureInfo.InvariantCulture));
        textWriter.Write(Level(logEntry.LogLevel));
        textWriter.Write(category);
        textWriter.Write(": ");
        textWriter.Write(logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(options.Value.ShowStacks ? Environment.NewLine + exception : $" ({exception.GetType().Name}: {exception.Message})");
        }

        textWriter.WriteLine();
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug ",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warning ",
        LogLevel.Error => "error ",
        _ => "critical ",
    };
}

internal sealed class PlainConsoleFormatterOptions : ConsoleFormatterOptions
{
    public bool ShowStacks { get; set; }

    /// <summary>Written first: on a terminal it wipes the live line, which the next figures write again.</summary>
    public string LineStart { get; set; } = "";
}
