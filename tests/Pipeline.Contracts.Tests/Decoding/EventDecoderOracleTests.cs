using System.Globalization;
using System.Text;
using CsCheck;

namespace Pipeline.Contracts.Tests.Decoding;

/// <summary>
/// The decoder and System.Text.Json must say the same of any bytes: accepted or not, why, and with which values.
/// PIPELINE_FUZZ=10000000 runs as many mutations, for a night.
/// </summary>
public class EventDecoderOracleTests
{
    private static readonly int Mutations
        = int.TryParse(Environment.GetEnvironmentVariable("PIPELINE_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out var mutations) ? mutations : 150_000;

    private static readonly byte[][] Seeds =
    [
        SampleEvents.UserBytes,
        SampleEvents.ActivityBytes,
        UserEventJson.ToBytes(SampleEvents.NonLatin),
        Encoding.UTF8.GetBytes(
            """
            { "event_type" : "login", "event_id":"0191B2C3-D4E5-8F60-9A1B-2C3D4E5F6072", "user_id":"c7a41086-06e3-4bfe-9c40-4e9da2df42c8",
              "extra": {"a":[1,-2.5e+3,{"b":[[]]},true,false,null,"\u00e9\ud83d\ude00"],"c":{}},
              "event_time":"2026-02-02T10:30:00+05:30", "source":"caf\u00e9\n", "schema_version":1, "device":"", "dob":"x", "age":{} }
            """),
        SampleEvents.With("\"age\":36,", string.Empty),
        SampleEvents.With("\"schema_version\":1", "\"schema_version\":3"),
        Encoding.UTF8.GetBytes("""[{"event_id":1},[[[]]],"text",0.5]"""),
    ];

    // Pieces that decide whether JSON is JSON, and whether a value is of its format.
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\0", "\u0001", "\uFEFF", "null", "true", "false", "NaN", "-", "0", "1", "9", "1e999", "1.0", "0x1",
            "99999999999", "2147483648", "-1", "01", ".5", "1.", "1e", "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0041", "\\x", "\\u00g0", "\\/", "é", "😀",
            "\"age\":34,", "\"age\":99999999999,", "\"age\":\"34\",", "\"email\":null,", "\"\\u0061ge\":1,", "\"schema_version\":2,", "\"event_type\":\"profile\",", "\"event_type\":\"x\",",
            "\"gender\":\"female\",", "\"dob\":\"2000-02-30T00:00:00Z\",", "\"unknown\":{\"a\":[1,2]},", "[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "]]]]]]", "Z", "+00:00", "T", "//", "/*", "@",
        }.Select(Encoding.UTF8.GetBytes),
        [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF8], [0xFF], [0xE2, 0x82],
    ];

    [Fact]
    public void Decode_MutatedDocuments_AgreesWithDocumentModel()
    {
        var outcomes = new System.Collections.Concurrent.ConcurrentDictionary<ReasonCode, int>();
        Gen.Select(Gen.Int[0, Seeds.Length - 1], Gen.Select(Gen.Int[0, 7], Gen.Double[0, 1], Gen.Int[0, Pieces.Length - 1], Gen.Int[1, 24]).Array[1, 4])
            .Select((seed, edits) => edits.Aggregate(Seeds[seed], (value, edit) => Mutate(value, edit.Item1, edit.Item2, Pieces[edit.Item3], edit.Item4)))
            .Sample(value => outcomes.AddOrUpdate(AssertAgrees(value), 1, (_, n) => n + 1), iter: Mutations, print: Encoding.UTF8.GetString);

        // The mutations are worth something only if they reach every kind of outcome that bytes of this size can have.
        ReasonCode[] expected =
        [
            ReasonCode.None, ReasonCode.InvalidUtf8, ReasonCode.MalformedJson, ReasonCode.TooDeep, ReasonCode.NotAnObject, ReasonCode.DuplicateField,
            ReasonCode.UnknownSchema, ReasonCode.MissingField, ReasonCode.NullField, ReasonCode.WrongType, ReasonCode.BadFormat, ReasonCode.OutOfRange,
        ];
        Assert.All(expected, reason => Assert.True(outcomes.ContainsKey(reason), $"no mutation was {reason}"));
    }

    [Fact]
    public void Decode_RandomJson_AgreesWithDocumentModel()
        => GenJson(5).Select(Encoding.UTF8.GetBytes).Sample(value => AssertAgrees(value), iter: 20_000, print: Encoding.UTF8.GetString);

    [Fact]
    public void Decode_RandomMembersInAnyOrder_AgreesWithDocumentModel()
    {
        var member = Gen.Select(Gen.Int[0, WireNames.FieldCount - 1], Gen.Int[0, 9], GenJson(1)).Select((field, how, json) => how switch
        {
            0 => $"\"{((Field)field).WireName()}\":{json}",
            1 => $"\"{((Field)field).WireName()}\":null",
            2 => $"\"x{field}\":{json}",
            _ => $"\"{((Field)field).WireName()}\":{GoodJson((Field)field)}",
        });
        var complete = Gen.Const(Enumerable.Range(0, WireNames.FieldCount).Select(f => $"\"{((Field)f).WireName()}\":{GoodJson((Field)f)}").ToArray());
        Gen.Select(Gen.OneOf(member.Array[0, 25], complete), Gen.Int[0, int.MaxValue], member)
            .Select((members, shuffle, extra) =>
            {
                var shuffled = members.ToArray();
                var random = new Random(shuffle);
                random.Shuffle(shuffled);
                if (shuffled.Length > 0 && (shuffle & 1) == 0)
                {
                    shuffled[0] = extra;
                }

                return Encoding.UTF8.GetBytes("{" + string.Join(',', shuffled) + "}");
            })
            .Sample(value => AssertAgrees(value), iter: 20_000, print: Encoding.UTF8.GetString);
    }

    [Fact]
    public void Decode_EveryTruncation_AgreesWithDocumentModel()
    {
        foreach (var seed in Seeds)
        {
            for (var length = 0; length < seed.Length; length++)
            {
                AssertAgrees(seed[..length]);
            }
        }
    }

    private static ReasonCode AssertAgrees(byte[] value)
    {
        var (expected, values) = ReferenceDecoder.Decode(value);
        var actual = SampleEvents.Decode(value, out var e);

        // The document model looks at escaped surrogates last, the decoder where they stand: of two errors it names the first.
        var isSurrogateFirst = expected.Reason == ReasonCode.TooDeep && actual.Reason == ReasonCode.MalformedJson && value[actual.ErrorOffset] == '\\';
        if (!isSurrogateFirst)
        {
            Assert.Equal((expected.Reason, expected.Field), (actual.Reason, actual.Field));
        }

        Assert.InRange(actual.ErrorOffset, -1, value.Length);
        if (actual.IsSuccess)
        {
            AssertSameValues(values, e, value);
        }

        return actual.Reason;
    }

    private static void AssertSameValues(Dictionary<Field, object> expected, DecodedEvent e, byte[] value)
    {
        for (var field = (Field)0; (int)field < WireNames.FieldCount; field++)
        {
            object? actual = !e.Has(field) ? null : field switch
            {
                Field.EventId => e.EventId,
                Field.UserId => e.UserId,
                Field.EventType => e.EventType.WireName(),
                Field.EventTime => e.EventTime,
                Field.SchemaVersion => e.SchemaVersion,
                Field.Gender => e.Gender.WireName(),
                Field.Dob => e.DateOfBirth,
                Field.Age => e.Age,
                _ => e.Slice(field).Text(value),
            };
            Assert.Equal(expected.GetValueOrDefault(field), actual);
        }
    }

    private static byte[] Mutate(byte[] value, int kind, double place, byte[] piece, int length)
    {
        var at = (int)(place * value.Length);
        if (kind > 5)
        {
            // After a comma, where a whole member or item can go.
            at += value.AsSpan(at).IndexOf((byte)',') + 1;
            kind -= 5;
        }

        var end = Math.Min(value.Length, at + length);
        return kind switch
        {
            0 => [.. value[..at], .. value[end..]],
            1 => [.. value[..at], .. piece, .. value[at..]],
            2 => [.. value[..at], .. piece, .. value[end..]],
            3 => [.. value[..end], .. value[at..end], .. value[end..]],
            4 => value[..at],
            _ => [.. value[..at], .. value[at..end].Select(b => (byte)(b ^ (1 << (length & 7)))), .. value[end..]],
        };
    }

    private static string GoodJson(Field field) => field switch
    {
        Field.EventId or Field.UserId => "\"c7a41086-06e3-4bfe-9c40-4e9da2df42c8\"",
        Field.EventType => "\"profile\"",
        Field.EventTime or Field.Dob => "\"2026-02-02T10:30:00.5Z\"",
        Field.SchemaVersion => "1",
        Field.Age => "34",
        Field.Gender => "\"male\"",
        Field.Nationality => "\"US\"",
        _ => "\"t\\u00e9xt\"",
    };

    private static Gen<string> GenJson(int depth)
    {
        var text = Gen.Char["aé\"\\/\n\u0001😀 "].Array[0, 6].Select(chars => System.Text.Json.JsonSerializer.Serialize(new string(chars)));
        var scalar = Gen.OneOf(
            text,
            Gen.Int.Select(i => i.ToString(CultureInfo.InvariantCulture)),
            Gen.Double.Select(d => System.Text.Json.JsonSerializer.Serialize(double.IsFinite(d) ? d : 1e300)),
            Gen.OneOf(new[] { "true", "false", "null", "\"profile\"", "\"view\"", "\"\"", "0", "-0", "1", "1E5", "1e-2", "99999999999999999999" }.Select(Gen.Const).ToArray()));
        if (depth == 0)
        {
            return scalar;
        }

        var inner = GenJson(depth - 1);
        return Gen.OneOf(
            scalar,
            inner.Array[0, 3].Select(items => "[" + string.Join(" ,", items) + "]"),
            Gen.Select(text, inner).Array[0, 3].Select(members => "{" + string.Join(",\t", members.Select(m => m.Item1 + ": " + m.Item2)) + "}"));
    }
}
