using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;

namespace Pipeline.Streaming.Tests.RecordLog;

public sealed class InMemoryRecordLogTests : RecordLogConformance
{
    protected override bool IsDurable => false;

    protected override IRecordLog Open() => new InMemoryRecordLog(Time);
}
