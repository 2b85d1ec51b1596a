using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pipeline.Simulator.Faults;

/// <summary>One wrong answer. Written <c>kind;name=value;…</c>, for example <c>server-error;status=502</c> or <c>trickle;bytes=100;delay=0.5</c>.</summary>
internal sealed record Fault(FaultKind Kind)
{
    private static readonly Dictionary<string, FaultKind> Kinds = Enum.GetValues<FaultKind>().ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);

    /// <summary>Status of <see cref="FaultKind.ServerError"/>, 500 to 599.</summary>
    public int Status { get; init; } = 503;

    public int RetryAfterSeconds { get; init; } = 1;

    public TimeSpan? Delay { get; init; }

    public int? Bytes { get; init; }

    public static IReadOnlyCollection<string> KindNames => Kinds.Keys;

    public static bool TryParse(string text, [NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out string? error)
    {
        fault = null;
        error = null;
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        if (!Kinds.TryGetValue(parts[0], out var kind))
        {
            error = $"'{parts[0]}' is no kind of fault; there are {string.Join(", ", Kinds.Keys)}.";
            return false;
        }

        var parsed = new Fault(kind);
        foreach (var part in parts.AsSpan(1))
        {
            if (!parsed.TryWith(part, out var next))
            {
                error = $"'{part}' is not understood; status=500…599, retry-after=0…86400 (s), delay=0…600 (s) and bytes=0… are.";
                return false;
            }

            parsed = next;
        }

        fault = parsed;
        return true;
    }

    private static string NameOf(FaultKind kind)
        => string.Concat(kind.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private bool TryWith(string part, [NotNullWhen(true)] out Fault? fault)
    {
        var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
        fault = pair.Length == 2 && double.TryParse(pair[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? (pair[0], value) switch
            {
                ("status", >= 500 and <= 599) => this with { Status = (int)value },
                ("retry-after", <= 86_400) => this with { RetryAfterSeconds = (int)value },
                ("delay", <= 600) => this with { Delay = TimeSpan.FromSeconds(value) },
                ("bytes", <= int.MaxValue) => this with { Bytes = (int)value },
                _ => null,
            }
            : null;
        return fault is not null;
    }
}
