using CsCheck;
using Pipeline.Streaming.Processing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class StreamTaskCrashTests
{
    public static TheoryData<Effect, bool> EveryEffect()
    {
        var data = new TheoryData<Effect, bool>();
        foreach (var effect in Enum.GetValues<Effect>())
        {
            data.Add(effect, false);
            data.Add(effect, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryEffect))]
    public async Task StreamTask_KilledAtAnEffect_ResultsEqualTheDefinition(Effect effect, bool done)
        => await Gen.Select(EventGen.Log, Gen.Int[1, 60], Gen.Int[1, 6]).SampleAsync(
            async (log, batchSize, occurrence) =>
            {
                await using var harness = await new TaskHarness().InitializeAsync();
                var plan = new FaultPlan(effect, done, occurrence);
                harness.OnEffect = plan.OnEffect;
                try
                {
                    await harness.RunAsync(log, batchSize, log.Count, close: true, perBatch: TimeSpan.FromMilliseconds(700));
                }
                catch (CrashException)
                {
                    await harness.RunAsync(log, batchSize: 7, log.Count, close: true);
                }

                AssertComplete(harness, log);
            },
            iter: 60,
            threads: 1);

    [Fact]
    public async Task StreamTask_KilledAgainAndAgain_ResultsEqualTheDefinition()
        => await Gen.Select(EventGen.Log, Gen.Select(Gen.Enum<Effect>(), Gen.Bool, Gen.Int[1, 5], Gen.Int[1, 60]).Array[1, 8]).SampleAsync(
            async (log, crashes) =>
            {
                await using var harness = await new TaskHarness().InitializeAsync();
                foreach (var (effect, done, occurrence, batchSize) in crashes)
                {
                    harness.OnEffect = new FaultPlan(effect, done, occurrence).OnEffect;
                    try
                    {
                        await harness.RunAsync(log, batchSize, log.Count, close: true, perBatch: TimeSpan.FromMilliseconds(700));
                    }
                    catch (CrashException)
                    {
                        // The next round starts where this one died.
                    }
                }

                harness.OnEffect = null;
                await harness.RunAsync(log, batchSize: 50, log.Count, close: true);
                AssertComplete(harness, log);
            },
            iter: 200,
            threads: 1);

    [Fact]
    public async Task StreamTask_AnySplitAndBatchSize_ResultsEqualTheDefinition()
        => await Gen.Select(EventGen.Log, Gen.Double[0, 1], Gen.Int[1, 60], Gen.Int[1, 300]).SampleAsync(
            async (log, cut, first, second) =>
            {
                await using var harness = await new TaskHarness().InitializeAsync();
                var middle = (int)(cut * log.Count);
                await harness.RunAsync(log, first, middle, close: true);
                await harness.RunAsync(log, second, log.Count, close: true);
                AssertComplete(harness, log);
            },
            iter: 200,
            threads: 1);

    private static void AssertComplete(TaskHarness harness, List<TestRecord> log)
    {
        if (log.Count > 0)
        {
            harness.AssertEqualsBruteForce(log);
            Assert.Equal(log.Count, harness.Committed);
        }
    }
}
