using System.Globalization;

namespace Pipeline.Sqlite;

/// <summary>
/// The ordered scripts that make and change a file's tables. The number of scripts that ran is kept in the file
/// (<c>user_version</c>) next to the mark of whose file it is (<c>application_id</c>).
/// </summary>
/// <param name="applicationId">Four bytes that tell our kinds of files apart from each other and from strangers' databases.</param>
/// <param name="scripts">Append only: a script that has run somewhere never changes.</param>
public sealed class SqliteMigrations(int applicationId, params IReadOnlyList<string> scripts)
{
    /// <summary>The version that this code writes.</summary>
    public int Version => scripts.Count;

    /// <summary>Brings the file to this version. Safe when several processes start at once: one migrates, the others find it done.</summary>
    /// <exception cref="SqliteFaultException">The file is newer than this code, belongs to something else, or cannot be written.</exception>
    public void Apply(SqliteDatabase database)
    {
        if (CheckedVersion(database) == Version)
        {
            return;
        }

        using var transaction = database.BeginImmediate();
        var version = CheckedVersion(database);
        foreach (var script in scripts.Skip(version))
        {
            database.Execute(script);
        }

        if (version < Version)
        {
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {applicationId}; PRAGMA user_version = {Version}"));
        }

        transaction.Commit();
    }

    private int CheckedVersion(SqliteDatabase database)
    {
        var version = (int)database.QueryInt64("PRAGMA user_version");
        var owner = (int)database.QueryInt64("PRAGMA application_id");
        var isEmpty = database.QueryInt64("SELECT count(*) FROM sqlite_schema") == 0;
        if (owner != applicationId && !(isEmpty && owner == 0 && version == 0))
        {
            throw new SqliteFaultException(
                SqliteFaultKind.ForeignFile, database.Path, $"{database.Path} is a database of something else; it was left untouched. Move it away, or choose another data directory.");
        }

        if (version > Version)
        {
            throw new SqliteFaultException(
                SqliteFaultKind.NewerSchema,
                database.Path,
                string.Create(CultureInfo.InvariantCulture, $"{database.Path} was written by a newer version of Pipeline (schema {version}; this one knows up to {Version}). Use that version, or another data directory."));
        }

        return version;
    }
}
