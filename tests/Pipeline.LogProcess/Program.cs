using System.Globalization;
using Pipeline.LogProcess;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;

// A process of its own on an embedded log, for tests that need several of them or kill one:
//   append DIRECTORY TOPIC PREFIX BATCH COUNT   appends "PREFIX:0", "PREFIX:1", ...; prints how many are acknowledged after each batch
//   read DIRECTORY TOPIC GROUP                  reads and commits as a group member; prints each value
await using var log = new SqliteRecordLog(new DataDirectory(new DataDirectoryOptions { Directory = args[1] }), new RecordLogOptions(), TimeProvider.System);
switch (args)
{
    case ["append", _, var topic, var prefix, var batch, var count]:
        await LogCommands.AppendAsync(log, topic, prefix, int.Parse(batch, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture));
        break;
    case ["read", _, var topic, var group]:
        await LogCommands.ReadAsync(log, topic, group);
        break;
    default:
        throw new ArgumentException($"unknown command: {string.Join(' ', args)}");
}
