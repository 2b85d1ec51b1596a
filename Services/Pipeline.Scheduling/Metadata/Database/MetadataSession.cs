using System.Data.Common;
using Dapper;

namespace Pipeline.Scheduling.Metadata;

/// <summary>A connection in a transaction, or a reading one without.</summary>
internal sealed class MetadataSession(DbConnection connection, DbTransaction? transaction, MetadataDialect dialect)
{
    public MetadataDialect Dialect => dialect;

    public int Execute(string sql, object? parameters = null) => connection.Execute(sql, parameters, transaction);

    public IReadOnlyList<T> Query<T>(string sql, object? parameters = null) => connection.Query<T>(sql, parameters, transaction).AsList();

    public T? First<T>(string sql, object? parameters = null) => connection.QueryFirstOrDefault<T>(sql, parameters, transaction);

    public T? Scalar<T>(string sql, object? parameters = null) => connection.ExecuteScalar<T>(sql, parameters, transaction);

    /// <summary>Runs a script of several statements that takes no parameters.</summary>
    public void RunScript(string script)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = script;
        command.ExecuteNonQuery();
    }
}
