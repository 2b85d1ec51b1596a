using System.Globalization;
using System.Text;

namespace Pipeline.Streaming.Processing;

/// <summary>A topology's steps and what went through them, at one moment.</summary>
/// <param name="Source">The topic that is read.</param>
public sealed record TopologyStatus(string Source, IReadOnlyList<StepStatus> Steps, string Sink)
{
    /// <summary>The same topology over several partitions.</summary>
    public static TopologyStatus Sum(IReadOnlyList<TopologyStatus> partitions) => partitions[0] with
    {
        Steps = [.. partitions[0].Steps.Select((step, i) => step with
        {
            RecordsIn = partitions.Sum(p => p.Steps[i].RecordsIn),
            RecordsOut = partitions.Sum(p => p.Steps[i].RecordsOut),
            Busy = partitions.Aggregate(TimeSpan.Zero, (sum, p) => sum + p.Steps[i].Busy),
            StateEntries = partitions.Sum(p => p.Steps[i].StateEntries),
            Refused = partitions.Sum(p => p.Steps[i].Refused),
        })],
    };

    /// <summary>The plan on one screen.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append("source ").AppendLine(Source);
        foreach (var step in Steps)
        {
            text.Append("  → ").Append(step.Name).AppendLine(step.State is null ? "" : $" [{step.State}]");
        }

        return text.Append("sink ").Append(Sink).ToString();
    }

    /// <summary>The plan in the DOT language of Graphviz; records that have gone through stand at the edges, steps with state are boxes with depth.</summary>
    public string ToDot()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"digraph \"{Source}\" {{").AppendLine("  rankdir=LR;");
        text.AppendLine(CultureInfo.InvariantCulture, $"  \"{Source}\" [shape=cylinder];");
        text.AppendLine(CultureInfo.InvariantCulture, $"  \"{Sink}\" [shape=cylinder];");
        var (from, count) = (Source, Steps.Count == 0 ? 0 : Steps[0].RecordsIn);
        foreach (var step in Steps)
        {
            var details = $"{step.Busy.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s busy"
                + (step.State is null ? "" : $"\\n{step.StateEntries.ToString(CultureInfo.InvariantCulture)} entries");
            text.AppendLine(CultureInfo.InvariantCulture, $"  \"{step.Name}\" [shape={(step.State is null ? "box" : "box3d")}, label=\"{step.Name}\\n{details}\"];");
            text.AppendLine(CultureInfo.InvariantCulture, $"  \"{from}\" -> \"{step.Name}\" [label=\"{step.RecordsIn}\"];");
            if (step.Table is { } table)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  \"{table}\" [shape=cylinder];");
                text.AppendLine(CultureInfo.InvariantCulture, $"  \"{table}\" -> \"{step.Name}\" [style=dashed];");
            }

            (from, count) = (step.Name, step.RecordsOut);
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"  \"{from}\" -> \"{Sink}\" [label=\"{count}\"];");
        return text.Append('}').ToString();
    }
}

/// <summary>One step of a topology.</summary>
/// <param name="State">What its state depends on; <see langword="null"/> when it has none.</param>
/// <param name="Table">The topic that it joins with, if it does.</param>
/// <param name="RecordsIn">Records that came in pending.</param>
/// <param name="RecordsOut">Records that went on to the next step.</param>
/// <param name="Refused">Records that its state did not take, because it is full or they came too late for it.</param>
public sealed record StepStatus(string Name, string? State, string? Table, long RecordsIn, long RecordsOut, TimeSpan Busy, long StateEntries, long Refused);
