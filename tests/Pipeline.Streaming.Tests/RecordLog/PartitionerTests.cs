using System.Text;

namespace Pipeline.Streaming.Tests.RecordLog;

public sealed class PartitionerTests
{
    // The vectors of Kafka's own test of its murmur2 (org.apache.kafka.common.utils.UtilsTest).
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void ForKey_KafkasVectors_GiveKafkasPartition(string key, int murmur2)
    {
        var positive = murmur2 & 0x7fffffff;

        Assert.Equal(positive % 3, Partitioner.ForKey(Encoding.UTF8.GetBytes(key), 3));
        Assert.Equal(positive % 1009, Partitioner.ForKey(Encoding.UTF8.GetBytes(key), 1009));
        Assert.Equal(positive % int.MaxValue, Partitioner.ForKey(Encoding.UTF8.GetBytes(key), int.MaxValue));
    }

    [Fact]
    public void ForKey_ManyKeys_SpreadEvenly()
    {
        var counts = new int[3];
        for (var i = 0; i < 30_000; i++)
        {
            counts[Partitioner.ForKey(Encoding.UTF8.GetBytes($"user-{i}"), 3)]++;
        }

        Assert.All(counts, c => Assert.InRange(c, 9_500, 10_500));
    }
}
