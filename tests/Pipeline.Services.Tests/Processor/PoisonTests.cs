using System.Text;
using Pipeline.Contracts;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Processor;

/// <summary>Values that break parsers, through the real log, processor and store: each ends as a dead letter with its reason and its bytes, and its neighbours are stored.</summary>
public sealed class PoisonTests
{
    private const int TenMegabytes = 10 << 20;

    private static readonly (string Name, byte[] Value, string Reason)[] Poison =
    [
        ("empty", [], "empty_value"),
        ("blank", " \n"u8.ToArray(), "malformed_json"),
        ("truncated", Good()[..^20], "malformed_json"),
        ("truncated within a character", [.. "{\"source\":\""u8, 0xE2, 0x82], "invalid_utf8"),
        ("two documents", [.. Good(), .. Good()], "malformed_json"),
        ("byte order mark", [0xEF, 0xBB, 0xBF, .. Good()], "malformed_json"),
        ("UTF-16", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("{}")).ToArray(), "invalid_utf8"),
        ("invalid UTF-8", With("John", "J\u00ff", Encoding.Latin1), "invalid_utf8"),
        ("overlong UTF-8", [.. "{\"source\":\""u8, 0xC0, 0xAF, .. "\"}"u8], "invalid_utf8"),
        ("surrogate as UTF-8", [.. "{\"source\":\""u8, 0xED, 0xA0, 0x80, .. "\"}"u8], "invalid_utf8"),
        ("lone surrogate", With("John", "\\ud800"), "malformed_json"),
        ("lone low surrogate", With("John", "x\\udc00x"), "malformed_json"),
        ("NUL behind", [.. Good(), 0], "malformed_json"),
        ("NUL in a text", [.. "{\"source\":\"a"u8, 0, .. "\"}"u8], "malformed_json"),
        ("escaped NUL", With("John", "Jo\\u0000hn"), "bad_format"),
        ("array", "[1,2]"u8.ToArray(), "not_an_object"),
        ("number", "17"u8.ToArray(), "not_an_object"),
        ("deep arrays", Nested('[', 100_000), "too_deep"),
        ("deep objects", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 50_000))), "too_deep"),
        ("ten megabytes", With("John", new string('x', TenMegabytes)), "too_large"),
        ("ten megabytes of nothing", new byte[TenMegabytes], "too_large"),
        ("NaN", With("\"age\":36", "\"age\":NaN"), "malformed_json"),
        ("infinity", With("\"age\":36", "\"age\":-Infinity"), "malformed_json"),
        ("huge number", With("\"age\":36", "\"age\":" + new string('9', 400)), "out_of_range"),
        ("huge exponent", With("\"age\":36", "\"age\":1e999999999"), "wrong_type"),
        ("number as text", With("\"age\":36", "\"age\":\"36\""), "wrong_type"),
        ("text as object", With("\"John\"", "{\"a\":1}"), "wrong_type"),
        ("duplicate key", With("\"age\":36", "\"age\":36,\"age\":37"), "duplicate_field"),
        ("duplicate key, escaped", With("\"age\":36", "\"age\":36,\"\\u0061ge\":37"), "duplicate_field"),
        ("null id", With("\"event_type\":\"profile\"", "\"event_type\":null"), "null_field"),
        ("no such type", With("\"profile\"", "\"profil\""), "bad_format"),
        ("unknown version", With("\"schema_version\":1", "\"schema_version\":999"), "unknown_schema"),
    ];

    [Fact]
    public async Task Processor_Poison_IsADeadLetterWithItsReasonAndBytes()
    {
        var token = TestContext.Current.CancellationToken;
        await using var host = new ProcessorHost();
        await host.StartAsync();

        var number = 1;
        foreach (var (_, value, _) in Poison)
        {
            await host.AppendAsync(Topics.Users, "a", (value, ProcessorHost.Noon), (ProcessorHost.User(++number, ProcessorHost.Noon), ProcessorHost.Noon));
        }

        var progress = Assert.Single(await host.SettledAsync(), p => p.Consumed > 0);
        var letters = (await DeadLettersAsync(host.Store, token)).ToDictionary(l => l.Offset);

        Assert.Equal((2 * Poison.Length, Poison.Length, Poison.Length), (progress.Consumed, progress.Stored, progress.DeadLettered));
        Assert.All(Poison.Index(), item =>
        {
            var letter = letters[2 * item.Index];
            Assert.True(item.Item.Reason == letter.ReasonCode, $"{item.Item.Name}: {letter.ReasonCode}, {letter.Message}");
            Assert.NotEmpty(letter.RuleId);
            Assert.True(item.Item.Value.AsSpan().SequenceEqual(letter.Value), $"{item.Item.Name}: the bytes were changed");
        });
    }

    /// <summary>All of them: a page ends early when its values are large.</summary>
    private static async Task<List<DeadLetterEntry>> DeadLettersAsync(IResultStore store, CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetterEntry>();
        string? cursor = null;
        do
        {
            var page = await store.QueryDeadLettersAsync(new DeadLetterQuery { Cursor = cursor }, cancellationToken);
            letters.AddRange(page.Items);
            cursor = page.Cursor;
        }
        while (cursor is not null);

        return letters;
    }

    private static byte[] Good() => ProcessorHost.User(1, ProcessorHost.Noon);

    private static byte[] With(string part, string other, Encoding? encoding = null)
    {
        var text = Encoding.UTF8.GetString(Good());
        Assert.Contains(part, text, StringComparison.Ordinal);
        return (encoding ?? Encoding.UTF8).GetBytes(text.Replace(part, other, StringComparison.Ordinal));
    }

    private static byte[] Nested(char bracket, int depth) => Encoding.UTF8.GetBytes(new string(bracket, depth));
}
