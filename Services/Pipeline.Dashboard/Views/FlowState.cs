using Pipeline.Dashboard.Status;

namespace Pipeline.Dashboard.Views;

/// <summary>How an edge of the flow does.</summary>
public enum Pressure
{
    /// <summary>Nothing comes and nothing waits.</summary>
    Idle,

    /// <summary>What comes goes on.</summary>
    Flowing,

    /// <summary>More waits than a moment's worth, and it becomes less.</summary>
    CatchingUp,

    /// <summary>More comes than goes on.</summary>
    FallingBehind,

    /// <summary>Records wait, and none goes on.</summary>
    Blocked,
}

/// <summary>Says from the rates whether the processor keeps up. Pure.</summary>
internal static class FlowState
{
    /// <summary>Records worth this many seconds may wait without a word: results are written in batches.</summary>
    private const double SecondsOfGrace = 5;

    public static Pressure OfProcessor(Rates rates, long waiting)
    {
        var comes = Math.Max(rates.Ingested, 1);
        return (waiting, rates) switch
        {
            (0, { Ingested: 0, Stored: 0 }) => Pressure.Idle,
            (_, { Stored: 0 }) when waiting > comes * SecondsOfGrace => Pressure.Blocked,
            _ when waiting <= comes * SecondsOfGrace => Pressure.Flowing,
            _ => rates.Stored > rates.Ingested ? Pressure.CatchingUp : Pressure.FallingBehind,
        };
    }

    /// <summary>Seconds until nothing waits at the present rates; null when it never will.</summary>
    public static double? SecondsToClear(Rates rates, long waiting)
        => waiting == 0 ? 0 : rates.Stored > rates.Ingested ? waiting / (rates.Stored - rates.Ingested) : null;

    public static string InWords(Pressure pressure) => pressure switch
    {
        Pressure.Idle => "idle",
        Pressure.Flowing => "keeping up",
        Pressure.CatchingUp => "catching up",
        Pressure.FallingBehind => "falling behind",
        _ => "blocked",
    };
}
