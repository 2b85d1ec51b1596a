using Xunit.Sdk;
using Xunit.v3;

// An application under the orchestrator has processes of its own; two at a time slow each other down more than they save.
[assembly: Parallelization(Mode = ParallelMode.None)]
