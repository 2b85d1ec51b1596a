using CsCheck;

namespace Pipeline.Storage.Tests;

public sealed class CursorTests
{
    [Fact]
    public void Read_WhatWasWritten_GivesTheSameParts()
        => Gen.Select(Gen.Long, Gen.String, Gen.Guid, Gen.Int).Sample((number, text, id, small) =>
        {
            // Lone surrogates have no UTF-8; the store never makes a cursor of them because it never read one.
            text = new string([.. text.Where(c => !char.IsSurrogate(c))]);
            var cursor = Cursor.Write(Cursor.Kind.Late).Add(number).Add(text).Add(id).Add(small).ToString();
            var reader = Cursor.Read(Cursor.Kind.Late, cursor);
            Assert.Equal((number, text, id, small), (reader.Int64(), reader.Text(), reader.Id(), reader.Int32()));
            reader.End();
        });

    [Fact]
    public void Read_AnyOtherText_IsRefused()
        => Gen.String.Sample(text =>
        {
            Assert.Throws<InvalidCursorException>(() =>
            {
                var reader = Cursor.Read(Cursor.Kind.Events, text);
                reader.Int64();
                reader.End();
            });
        });

    [Fact]
    public void Read_OneCharacterChanged_IsRefused()
    {
        var cursor = Cursor.Write(Cursor.Kind.Events).Add(1_772_323_200_000).Add(17).ToString();
        for (var i = 0; i < cursor.Length; i++)
        {
            var changed = cursor[..i] + (cursor[i] == 'A' ? 'B' : 'A') + cursor[(i + 1)..];
            Assert.Throws<InvalidCursorException>(() => Cursor.Read(Cursor.Kind.Events, changed));
        }
    }

    [Fact]
    public void Read_PartsOfAnotherLength_IsRefused()
    {
        var cursor = Cursor.Write(Cursor.Kind.Events).Add(1).ToString();

        Assert.Throws<InvalidCursorException>(() => Cursor.Read(Cursor.Kind.Events, cursor).Id());
        Assert.Throws<InvalidCursorException>(() => Cursor.Read(Cursor.Kind.Events, cursor).End());
        Assert.Throws<InvalidCursorException>(() => Cursor.Read(Cursor.Kind.Windows, cursor));
    }
}
