using System.Runtime.CompilerServices;
using CsCheck;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Tests.State;

public sealed class KeyedStateTests
{
    [Fact]
    public void KeyedState_AnyOperations_EqualsADictionary()
        => Gen.Select(Gen.Int[0, 60], Gen.Int[0, 3]).Array[0, 400].Sample(operations =>
        {
            var state = new KeyedState<int, long>();
            var model = new Dictionary<int, long>();
            foreach (var (key, operation) in operations)
            {
                if (operation == 0)
                {
                    Assert.Equal(model.Remove(key), state.Remove(key));
                }
                else
                {
                    ref var value = ref state.GetOrAdd(key, out var isNew);
                    Assert.Equal(!model.ContainsKey(key), isNew);
                    value += operation;
                    model[key] = model.GetValueOrDefault(key) + operation;
                }
            }

            AssertSame(model, state);
            AssertSame(model, SaveAndRestore(state));
        });

    [Fact]
    public void Find_AbsentKey_IsANullReference() => Assert.True(Unsafe.IsNullRef(ref new KeyedState<Guid, int>().Find(Guid.NewGuid())));

    [Fact]
    public void Restore_CutOffBytes_SaysSo()
    {
        var state = new KeyedState<int, long>();
        state.GetOrAdd(1, out _) = 1;
        var writer = new StateWriter();
        state.Save(writer);
        Assert.Throws<StateRestoreException>(() =>
        {
            var reader = new StateReader(writer.Written.Span[..^3]);
            new KeyedState<int, long>().Restore(ref reader);
        });
    }

    [Fact]
    public void FingerprintSet_AnyIds_EqualsAHashSet() => Gen.Int[0, 500].Array[0, 1000].Sample(ids =>
    {
        var set = new FingerprintSet();
        var model = new HashSet<int>();
        foreach (var id in ids)
        {
            Assert.Equal(model.Add(id), set.Add(FingerprintSet.Of(IdOf(id))));
            if (id == 7)
            {
                set.Compact();
            }
        }

        var writer = new StateWriter();
        set.Save(writer);
        var restored = new FingerprintSet();
        var reader = new StateReader(writer.Written.Span);
        restored.Restore(ref reader);
        Assert.Equal(model.Count, restored.Count);
        Assert.All(model, id => Assert.True(restored.Contains(FingerprintSet.Of(IdOf(id)))));
    });

    [Fact]
    public void FingerprintSet_SavedAgainWithMoreIds_BeginsWithWhatWasSavedBefore() => Gen.Int[1, 100_000].Array[0, 300].Sample(ids =>
    {
        var set = new FingerprintSet();
        var before = Array.Empty<byte>();
        foreach (var id in ids)
        {
            set.Add(FingerprintSet.Of(IdOf(id)));
            var saved = Saved(set);
            Assert.Equal(before, saved[..before.Length]);
            before = saved;
        }

        set.Compact();
        Assert.Equal(Saved(set), Saved(set));
        Assert.Equal(before.Length, Saved(set).Length);
    });

    // Without the number of ids, which is in front of them.
    private static byte[] Saved(FingerprintSet set)
    {
        var writer = new StateWriter();
        set.Save(writer);
        return writer.Written[sizeof(int)..].ToArray();
    }

    // 0 becomes the empty id, which is an id like any other.
    private static Guid IdOf(int id) => new(id, 0, 0, new byte[8]);

    private static KeyedState<int, long> SaveAndRestore(KeyedState<int, long> state)
    {
        var writer = new StateWriter();
        state.Save(writer);
        var restored = new KeyedState<int, long>();
        var reader = new StateReader(writer.Written.Span);
        restored.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        return restored;
    }

    private static void AssertSame(Dictionary<int, long> expected, KeyedState<int, long> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (key, value) in expected)
        {
            Assert.Equal(value, actual.Find(key));
        }
    }
}
