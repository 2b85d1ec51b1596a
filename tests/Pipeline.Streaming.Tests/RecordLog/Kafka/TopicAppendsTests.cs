using System.Reflection;
using System.Text;
using Confluent.Kafka;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>In which order, and when, appends are handed to the client.</summary>
public sealed class TopicAppendsTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);
    private readonly Client _client;
    private TopicAppends? _appends;

    public TopicAppendsTests() => _client = (Client)(object)DispatchProxy.Create<IProducer<byte[]?, byte[]?>, Client>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Add_WhileOthersAreUnderWay_WaitsAndGoesWithAllThatCame()
    {
        var first = await AddAsync("a1", "a2");
        await HandedOverAsync("a1", "a2");
        var second = await AddAsync("b1");
        var third = await AddAsync("c1", "c2");

        _client.Confirm(1);
        Assert.Equal(["a1", "a2"], _client.Values);

        _client.Confirm(1);
        Assert.Equal(2, (await first.Completion).Count);
        await HandedOverAsync("a1", "a2", "b1", "c1", "c2");

        _client.Confirm(3);
        Assert.Equal(1, (await second.Completion).Count);
        Assert.Equal(new Position(new TopicPartition("t", 0), 4), Assert.Single((await third.Completion).LastOffsets));
    }

    [Fact]
    public async Task Add_BehindOneThatFails_GoesOn()
    {
        var first = await AddAsync("a1", "a2");
        await HandedOverAsync("a1", "a2");
        var second = await AddAsync("b1");

        _client.Confirm(1);
        _client.Confirm(1, ErrorCode.Local_MsgTimedOut);

        var failure = await Assert.ThrowsAsync<RecordLogException>(() => first.Completion);
        Assert.Contains("1 of 2 records", failure.Message, StringComparison.Ordinal);
        await HandedOverAsync("a1", "a2", "b1");
        _client.Confirm(1);
        await second.Completion;
    }

    [Fact]
    public async Task Add_CancelledWhileItWaits_IsNotHandedOver()
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await AddAsync("a1");
        await HandedOverAsync("a1");
        var second = await AddAsync(cancelled.Token, "b1");
        var third = await AddAsync("c1");

        await cancelled.CancelAsync();
        _client.Confirm(1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Completion);
        await HandedOverAsync("a1", "c1");
        _client.Confirm(1);
        await third.Completion;
    }

    [Fact]
    public async Task Add_WhileAPartitionDoesNotAnswer_WaitsForItsPatienceOnly()
    {
        await AddAsync(TimeSpan.FromMilliseconds(50), Stop, "a1");
        await AddAsync("b1");

        await HandedOverAsync("a1", "b1");
        _client.Confirm(2);
    }

    [Fact]
    public async Task Add_ClientRefusesARecord_FailsTheAppendAndSendsNoMoreOfIt()
    {
        _client.Refused = "a2";
        var first = await AddAsync("a1", "a2", "a3");
        await HandedOverAsync("a1");
        _client.Confirm(1);

        var failure = await Assert.ThrowsAsync<RecordLogException>(() => first.Completion);
        Assert.Contains("1 of 3 records", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["a1"], _client.Values);
    }

    [Fact]
    public async Task Close_WithAppendsThatWait_EndsWhenTheyAreSettledAndTakesNoMore()
    {
        var first = await AddAsync("a1");
        await HandedOverAsync("a1");
        var second = await AddAsync("b1");

        var closing = _appends!.CloseAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AddAsync("c1"));
        Assert.False(closing.IsCompleted);
        _client.Confirm(1);
        await HandedOverAsync("a1", "b1");
        _client.Confirm(1);

        await closing;
        await first.Completion;
        await second.Completion;
    }

    public async ValueTask DisposeAsync()
    {
        if (_appends is not null)
        {
            _client.ConfirmAll();
            await _appends.CloseAsync();
        }
    }

    private Task<PendingAppend> AddAsync(params string[] values) => AddAsync(Stop, values);

    private Task<PendingAppend> AddAsync(CancellationToken cancelled, params string[] values) => AddAsync(Long, cancelled, values);

    private async Task<PendingAppend> AddAsync(TimeSpan patience, CancellationToken cancelled, params string[] values)
    {
        _appends ??= new TopicAppends((IProducer<byte[]?, byte[]?>)(object)_client, "t", patience).Start();
        var append = new PendingAppend("t", [.. values.Select(v => new Message<byte[]?, byte[]?> { Value = Encoding.UTF8.GetBytes(v) })], cancelled);
        await _appends.AddAsync(append);
        return append;
    }

    private Task HandedOverAsync(params string[] values) => Eventually.TrueAsync(() => Task.FromResult(_client.Values.SequenceEqual(values)));

    /// <summary>Takes records and confirms them when it is told to.</summary>
    public class Client : DispatchProxy
    {
        private readonly Lock _gate = new();
        private readonly Queue<Action<DeliveryReport<byte[]?, byte[]?>>> _open = [];
        private readonly List<string> _values = [];
        private int _confirmed;

        public string? Refused { get; set; }

        public IReadOnlyList<string> Values
        {
            get
            {
                lock (_gate)
                {
                    return [.. _values];
                }
            }
        }

        public void ConfirmAll()
        {
            while (_open.Count > 0)
            {
                Confirm(1);
            }
        }

        public void Confirm(int count, ErrorCode error = ErrorCode.NoError)
        {
            for (var i = 0; i < count; i++)
            {
                Action<DeliveryReport<byte[]?, byte[]?>> report;
                lock (_gate)
                {
                    report = _open.Dequeue();
                }

                report(new DeliveryReport<byte[]?, byte[]?> { Topic = "t", Partition = 0, Offset = _confirmed++, Error = new Error(error) });
            }
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Assert.Equal(nameof(IProducer<,>.Produce), targetMethod!.Name);
            var message = (Message<byte[]?, byte[]?>)args![1]!;
            var value = Encoding.UTF8.GetString(message.Value!);
            if (value == Refused)
            {
                throw new ProduceException<byte[]?, byte[]?>(new Error(ErrorCode.Local_UnknownPartition), new DeliveryResult<byte[]?, byte[]?> { Message = message });
            }

            lock (_gate)
            {
                _values.Add(value);
                _open.Enqueue((Action<DeliveryReport<byte[]?, byte[]?>>)args[2]!);
            }

            return null;
        }
    }
}
