using System.Runtime.CompilerServices;
using Pipeline.Contracts;

namespace Pipeline.Processor;

/// <summary>The age bands by number, so that a group's key is a few bytes; 0 is unknown.</summary>
internal static class AgeBands
{
    private static readonly byte[] ByAge = [.. Enumerable.Range(0, 128).Select(age => (byte)(EventEnrichment.AgeBands.ToList().IndexOf(EventEnrichment.AgeBand(age)) + 1))];

    public static string[] Names { get; } = [EventEnrichment.AgeBand(-1), .. EventEnrichment.AgeBands];

    /// <param name="age">In years; negative when unknown.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte IndexOf(int age) => age < 0 ? (byte)0 : ByAge[Math.Min(age, ByAge.Length - 1)];
}
