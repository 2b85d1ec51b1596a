using Cassandra;
using Pipeline.Storage.Cassandra;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>The conformance suite on the real server. Its tests share a keyspace, because making one takes seconds; each begins by emptying it.</summary>
public sealed class CassandraResultStoreTests(CassandraResultStoreTests.SharedKeyspace shared) : ResultStoreConformance, IClassFixture<CassandraResultStoreTests.SharedKeyspace>
{
    protected override IResultStore Create() => CassandraStores.Store(shared.Client, Options, Time);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await shared.EmptyAsync();
    }

    /// <summary>The keyspace of the class.</summary>
    public sealed class SharedKeyspace : IAsyncLifetime
    {
        private static readonly string[] Internal = ["schema_lock"];

        private CassandraStores? _stores;
        private CassandraClient? _client;
        private List<(string Delete, string Select)>? _tables;

        internal CassandraStores Stores => _stores!;

        internal CassandraClient Client => _client!;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_stores is not null)
            {
                await _stores.DisposeAsync();
            }
        }

        /// <summary>Removes every partition of every table: truncating takes longer than the tests.</summary>
        internal async Task EmptyAsync()
        {
            if (_stores is null)
            {
                _stores = await CassandraStores.OpenAsync();
                _client = _stores.Client();
                await CassandraStores.Store(_client).InitializeAsync(TestContext.Current.CancellationToken);
            }

            // Claims reserve write times a moment ahead; what is removed before that is over would come back.
            await Eventually.TrueAsync(async () => await NewestWriteTimeAsync() < (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds);
            foreach (var (delete, select) in _tables ??= await TablesAsync())
            {
                var prepared = await Stores.Session.PrepareAsync(delete);
                foreach (var rows in (await Stores.Session.ExecuteAsync(new SimpleStatement(select))).Chunk(200))
                {
                    await Task.WhenAll(rows.Select(row => Stores.Session.ExecuteAsync(prepared.Bind([.. row]))));
                }
            }
        }

        private async Task<long> NewestWriteTimeAsync()
            => (await Stores.Session.ExecuteAsync(new SimpleStatement($"SELECT write_time FROM {Stores.Keyspace}.partition_progress")))
                .Select(row => row.GetValue<long?>("write_time") ?? 0).DefaultIfEmpty().Max();

        private async Task<List<(string Delete, string Select)>> TablesAsync()
        {
            var columns = await Stores.Session.ExecuteAsync(new SimpleStatement(
                "SELECT table_name, column_name, kind FROM system_schema.columns WHERE keyspace_name = ?", Stores.Keyspace));
            return
            [
                .. columns.Where(c => c.GetValue<string>("kind") == "partition_key" && !Internal.Contains(c.GetValue<string>("table_name")))
                    .GroupBy(c => c.GetValue<string>("table_name"), c => c.GetValue<string>("column_name"))
                    .Select(t => (
                        $"DELETE FROM {Stores.Keyspace}.{t.Key} WHERE {string.Join(" AND ", t.Select(c => c + " = ?"))}",
                        $"SELECT DISTINCT {string.Join(", ", t)} FROM {Stores.Keyspace}.{t.Key}")),
            ];
        }
    }
}
