namespace Pipeline.Standalone.Bench;

/// <summary>What was measured, in the order in which it is printed; names as in JSON.</summary>
internal sealed class Figures : Dictionary<string, object>;
