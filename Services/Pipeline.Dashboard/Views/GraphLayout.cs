using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>Where the tasks of a DAG are drawn: left to right, each one layer behind the last task that it waits for. Pure.</summary>
internal sealed record GraphLayout(int Width, int Height, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges)
{
    public const int NodeWidth = 160;
    public const int NodeHeight = 44;

    private const int ColumnWidth = NodeWidth + 24;
    private const int RowHeight = NodeHeight + 20;

    public static GraphLayout Of(Dag dag)
    {
        var layers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var task in dag.Tasks)
        {
            layers[task.Id] = dag.Upstream(task.Id).Select(id => layers[id] + 1).DefaultIfEmpty(0).Max();
        }

        // Within a layer by where the tasks before it are, so that few edges cross.
        var rows = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var layer in dag.Tasks.GroupBy(task => layers[task.Id]).OrderBy(layer => layer.Key))
        {
            var row = 0;
            foreach (var task in layer.OrderBy(task => dag.Upstream(task.Id).Select(id => rows[id]).DefaultIfEmpty(0).Average()))
            {
                rows[task.Id] = row++;
            }
        }

        var highest = layers.Count == 0 ? 0 : layers.GroupBy(l => l.Value).Max(l => l.Count());
        var places = dag.Tasks.ToDictionary(
            task => task.Id,
            task =>
            {
                // A short layer stands in the middle.
                var inLayer = layers.Count(l => l.Value == layers[task.Id]);
                return (X: layers[task.Id] * ColumnWidth, Y: (int)((rows[task.Id] + ((highest - inLayer) / 2.0)) * RowHeight));
            },
            StringComparer.Ordinal);
        return new GraphLayout(
            layers.Count == 0 ? 0 : (layers.Values.Max() * ColumnWidth) + NodeWidth,
            Math.Max(0, (highest * RowHeight) - (RowHeight - NodeHeight)),
            [.. dag.Tasks.Select(task => new GraphNode(task.Id, places[task.Id].X, places[task.Id].Y))],
            [.. dag.Tasks.SelectMany(task => dag.Upstream(task.Id).Select(up => new GraphEdge(
                up, task.Id, places[up].X + NodeWidth, places[up].Y + (NodeHeight / 2), places[task.Id].X, places[task.Id].Y + (NodeHeight / 2))))]);
    }
}

internal sealed record GraphNode(string TaskId, int X, int Y);

internal sealed record GraphEdge(string From, string To, int X1, int Y1, int X2, int Y2)
{
    public string Path
    {
        get
        {
            var middle = (X1 + X2) / 2;
            return System.FormattableString.Invariant($"M{X1} {Y1}C{middle} {Y1} {middle} {Y2} {X2} {Y2}");
        }
    }
}
