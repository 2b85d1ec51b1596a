using CsCheck;
using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Storage.Sqlite.Events;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Sqlite;

public sealed class EventIndexTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteDatabase _database;

    public EventIndexTests()
    {
        _database = ResultsFile.OpenToWrite(_directory.File(ResultsFile.Name), durable: false, TimeSpan.FromSeconds(5));
        ResultsFile.Migrations.Apply(_database);
    }

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Find_AfterManyFlushesOfAnySize_EqualsAScanOfAllEntries()
    {
        var entry = Gen.Select(Gen.Long[-3, 3], Gen.Long[0, 50], Gen.Long[0, 1000], (hash, time, row) => new IndexEntry(hash, time, row));
        var question = Gen.Select(Gen.Long[-4, 4], Gen.Long[-1, 51], Gen.Long[-1, 52], Gen.Int[1, 30]);
        Gen.Select(entry.Array[1, 400].Array[1, 40], question.Array[20]).Sample(
            (flushes, questions) =>
            {
                _database.Execute("DELETE FROM event_index_runs; DELETE FROM event_index_blocks");
                Flush(flushes);
                var reader = new EventIndexReader(_database, IndexKind.User);
                var all = flushes.SelectMany(f => f).ToList();
                return questions.All(q =>
                {
                    var (hash, from, before, limit) = q;
                    var expected = all.Where(e => e.Hash == hash && e.EventTime >= from && e.EventTime < before).Select(e => e.Place).Distinct().OrderDescending().Take(limit);
                    return expected.SequenceEqual(reader.Find(hash, from, new EventPlace(before, long.MinValue), limit));
                });
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Flush_ManyTimes_KeepsTheNumberOfRunsSmallAndEveryEntryOnce()
    {
        const int Flushes = 600;
        const int PerFlush = 200;
        var random = new Random(1);
        Flush(Enumerable.Range(0, Flushes).Select(f => Enumerable.Range(0, PerFlush).Select(i => new IndexEntry(random.NextInt64(), f, (f * PerFlush) + i)).ToArray()));

        Assert.InRange(_database.QueryInt64("SELECT count(*) FROM event_index_runs"), 1, 24);
        Assert.Equal(Flushes * PerFlush, _database.QueryInt64("SELECT sum(entries) FROM event_index_runs"));
        Assert.Equal(Flushes * PerFlush * 24, _database.QueryInt64("SELECT sum(length(entries)) FROM event_index_blocks"));
    }

    private void Flush(IEnumerable<IndexEntry[]> flushes)
    {
        var writer = new EventIndexWriter(_database, IndexKind.User);
        using var transaction = _database.BeginImmediate();
        foreach (var flush in flushes)
        {
            foreach (var entry in flush)
            {
                writer.Add(entry);
            }

            writer.Flush();
        }

        transaction.Commit();
    }
}
