using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;

namespace Pipeline.Scheduling.Execution;

/// <summary>What every run's loop needs.</summary>
internal sealed record RunServices(
    Persistence Persistence,
    TaskExecutor Tasks,
    DagVersions Versions,
    CallbackRunner Callbacks,
    SchedulingInstruments Instruments,
    TimeProvider Clock,
    ILogger<RunLoop> Logger);
