using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// A prepared statement with values that are bytes already (<see cref="CqlBytes"/>). Unlike <c>PreparedStatement.Bind</c> it does not check
/// the values one by one, nor work out where the row goes unless somebody asks: of a batch, only the first row is asked.
/// </summary>
/// <param name="statement">What is executed.</param>
/// <param name="values">A value for each of its variables, those of the partition key first.</param>
/// <param name="keyColumns">Columns of the partition key.</param>
internal sealed class EncodedRow(PreparedStatement statement, object[] values, int keyColumns) : BoundStatement(statement)
{
    public override object[] QueryValues => values;

    public override RoutingKey RoutingKey
        => keyColumns == 1 ? new RoutingKey((byte[])values[0]) : Compose();

    // A composite key: each part with its length before it and a zero behind.
    private RoutingKey Compose()
    {
        var key = new byte[values.Take(keyColumns).Sum(part => ((byte[])part).Length + 3)];
        var to = key.AsSpan();
        for (var i = 0; i < keyColumns; i++)
        {
            var part = (byte[])values[i];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)part.Length);
            part.CopyTo(to[2..]);
            to = to[(part.Length + 3)..];
        }

        return new RoutingKey(key);
    }
}
