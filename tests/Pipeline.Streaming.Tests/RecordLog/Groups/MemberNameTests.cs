using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.Tests.RecordLog.Groups;

public sealed class MemberNameTests
{
    // Above every system's limit on process ids.
    private const int NoProcess = int.MaxValue;

    [Fact]
    public void IsKnownDead_OfThisProcess_IsFalse() => Assert.False(MemberName.IsKnownDead(MemberName.New()));

    [Fact]
    public void IsKnownDead_OfAProcessThatIsGone_IsTrue() => Assert.True(MemberName.IsKnownDead($"{Environment.MachineName}/{NoProcess}/12345678/x"));

    [Fact]
    public void IsKnownDead_OfAnEarlierStartWithOurProcessId_IsTrue()
        => Assert.True(MemberName.IsKnownDead($"{Environment.MachineName}/{Environment.ProcessId}/12345678/x"));

    [Fact]
    public void IsKnownDead_OfAnotherMachine_IsNotKnown() => Assert.False(MemberName.IsKnownDead($"elsewhere/{NoProcess}/12345678/x"));

    [Theory]
    [InlineData("")]
    [InlineData("member-1")]
    [InlineData("a/b/c/d/e")]
    public void IsKnownDead_OfAForeignName_IsNotKnown(string name) => Assert.False(MemberName.IsKnownDead(name));
}
