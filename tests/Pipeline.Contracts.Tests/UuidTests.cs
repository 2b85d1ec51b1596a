using System.Globalization;
using System.Text;
using CsCheck;

namespace Pipeline.Contracts.Tests;

public class UuidTests
{
    [Fact]
    public void UuidText_AnyUuid_ReadsWhatItWrote()
        => Gen.Guid.Sample(uuid =>
        {
            var text = new byte[UuidText.Length];
            UuidText.Write(text, uuid);

            Assert.Equal(uuid.ToString("D", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(text));
            Assert.True(UuidText.TryRead(text, out var read));
            Assert.Equal(uuid, read);
            Assert.True(UuidText.TryRead(Encoding.ASCII.GetBytes(uuid.ToString("D", CultureInfo.InvariantCulture).ToUpperInvariant()), out read));
            Assert.Equal(uuid, read);
        });

    [Fact]
    public void UuidText_OneByteChanged_IsReadOnlyWhenItIsAHexDigit()
    {
        var good = "0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6071"u8;
        for (var at = 0; at < good.Length; at++)
        {
            for (var b = 0; b < 256; b++)
            {
                var text = good.ToArray();
                text[at] = (byte)b;
                var expected = good[at] == '-' ? b == '-' : char.IsAsciiHexDigit((char)b);

                Assert.Equal(expected, UuidText.TryRead(text, out _));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0191b2c3d4e58f609a1b2c3d4e5f6071")]
    [InlineData("{0191b2c3-d4e5-8f60-9a1b-2c3d4e5f6071}")]
    [InlineData("0191b2c3-d4e5-8f60-9a1b-2c3d4e5f607")]
    public void UuidText_OtherForms_AreRefused(string text)
        => Assert.False(UuidText.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void UuidBytes_AnyTwoUuids_SortAsTheirTextAndAsGuid()
        => Gen.Select(Gen.Guid, Gen.Guid).Sample((a, b) =>
        {
            var first = new byte[UuidBytes.Length];
            var second = new byte[UuidBytes.Length];
            UuidBytes.Write(first, a);
            UuidBytes.Write(second, b);
            var order = Math.Sign(first.AsSpan().SequenceCompareTo(second));

            Assert.Equal(order, Math.Sign(a.CompareTo(b)));
            Assert.Equal(order, Math.Sign(string.CompareOrdinal(a.ToString(), b.ToString())));
            Assert.Equal(a, UuidBytes.Read(first));
        });

    [Fact]
    public void UuidBytes_TooLittleRoom_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => UuidBytes.Write(new byte[15], Guid.Empty));
        Assert.Throws<ArgumentException>(() => UuidText.Write(new byte[35], Guid.Empty));
    }
}
