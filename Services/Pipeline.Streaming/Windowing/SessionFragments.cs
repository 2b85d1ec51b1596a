using System.Runtime.CompilerServices;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// The fragments of all sessions: each in a slot of one array, so that saving them is a copy, those of a key one after the other. What of them
/// makes up one session is put together from them when it is asked for (<see cref="Gather"/>). Not thread-safe.
/// </summary>
internal sealed class SessionFragments<TKey, TAccumulator>(SessionWindows windows, Merge<TAccumulator> merge)
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    /// <summary>Instead of a slot: there is none.</summary>
    public const int End = -1;

    private readonly KeyedState<TKey, int> _heads = new();
    private Session<TKey, TAccumulator>[] _slots = new Session<TKey, TAccumulator>[64];
    private int _free = End;

    /// <summary>Fragments in state.</summary>
    public int Count { get; private set; }

    /// <summary>Slots that were ever used; those after are free.</summary>
    public int Used { get; private set; }

    public ReadOnlySpan<TKey> Keys => _heads.Keys;

    /// <summary>The slots of one key's fragments in the order of time, after <see cref="Gather"/>.</summary>
    public List<int> Gathered { get; } = [];

    /// <summary>How long a session may be, from the slice in which it begins, ms.</summary>
    public long MaxLength { get; } = windows.Slice is { } slice ? windows.MaxLength!.Value / slice.Size * slice.Size : long.MaxValue;

    public ref Session<TKey, TAccumulator> this[int slot]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots[slot];
    }

    /// <summary>The first slot of a key, to be changed by whoever adds one in front; <see cref="End"/> for a new key. Valid until the next key is added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref int HeadOf(TKey key, out bool isNew)
    {
        ref var head = ref _heads.GetOrAdd(key, out isNew);
        if (isNew)
        {
            head = End;
        }

        return ref head;
    }

    /// <summary>Forgets a key that has no fragments.</summary>
    public void Remove(TKey key) => _heads.Remove(key);

    /// <summary>A new fragment of one event, in front of a key's others.</summary>
    public int Add(TKey key, long time, int next)
    {
        int slot;
        if (_free != End)
        {
            slot = _free;
            _free = _slots[slot].Next;
        }
        else
        {
            if (Used == _slots.Length)
            {
                Array.Resize(ref _slots, _slots.Length * 2);
            }

            slot = Used++;
        }

        _slots[slot] = new Session<TKey, TAccumulator>
        {
            Key = key,
            Start = time,
            Last = time,
            SliceEnd = windows.Slice is { } slice ? slice.StartOf(time) + slice.Size : 0,
            Next = next,
            IsUsed = true,
        };
        Count++;
        return slot;
    }

    /// <summary>Frees the slot of a fragment that its key knows no more.</summary>
    public void Release(int slot)
    {
        _slots[slot] = new Session<TKey, TAccumulator> { Next = _free };
        _free = slot;
        Count--;
    }

    /// <summary>Takes a fragment out of those of its key.</summary>
    public void Unlink(int slot)
    {
        var key = _slots[slot].Key;
        ref var head = ref _heads.Find(key);
        if (head == slot)
        {
            head = _slots[slot].Next;
            if (head == End)
            {
                _heads.Remove(key);
            }

            return;
        }

        var before = head;
        while (_slots[before].Next != slot)
        {
            before = _slots[before].Next;
        }

        _slots[before].Next = _slots[slot].Next;
    }

    /// <summary>The fragments of a key in the order of time.</summary>
    public void Gather(TKey key)
    {
        Gathered.Clear();
        ref var head = ref _heads.Find(key);
        for (var slot = Unsafe.IsNullRef(ref head) ? End : head; slot != End; slot = _slots[slot].Next)
        {
            var at = Gathered.Count;
            while (at > 0 && _slots[Gathered[at - 1]].Start > _slots[slot].Start)
            {
                at--;
            }

            Gathered.Insert(at, slot);
        }
    }

    /// <summary>Where the session ends that begins with a gathered fragment: at a gap, or where it would become too long.</summary>
    public int PastOf(int first)
    {
        ref var begin = ref _slots[Gathered[first]];
        var past = first + 1;
        while (past < Gathered.Count)
        {
            ref var fragment = ref _slots[Gathered[past]];
            if (fragment.Start - _slots[Gathered[past - 1]].Last > windows.Gap || fragment.SliceEnd - begin.SliceEnd >= MaxLength)
            {
                break;
            }

            past++;
        }

        return past;
    }

    /// <summary>The session that some gathered fragments make up.</summary>
    public Session<TKey, TAccumulator> Merge(int first, int past)
    {
        var session = _slots[Gathered[first]];
        for (var i = first + 1; i < past; i++)
        {
            ref var fragment = ref _slots[Gathered[i]];
            session.Last = fragment.Last;
            session.IsLateUpdate |= fragment.IsLateUpdate;
            merge(ref session.Accumulator, in fragment.Accumulator);
        }

        return session;
    }

    public void Save(StateWriter writer)
    {
        writer.Write(_free);
        writer.Write(Count);
        writer.WriteArray<Session<TKey, TAccumulator>>(_slots.AsSpan(0, Used));
        _heads.Save(writer);
    }

    public void Restore(ref StateReader reader)
    {
        _free = reader.Read<int>();
        Count = reader.Read<int>();
        Used = reader.ReadCount();
        _slots = new Session<TKey, TAccumulator>[Math.Max(64, Used)];
        reader.ReadItems(_slots.AsSpan(0, Used));
        _heads.Restore(ref reader);
    }
}
