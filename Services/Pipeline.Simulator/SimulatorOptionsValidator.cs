using Microsoft.Extensions.Options;
using Pipeline.Simulator.Faults;

namespace Pipeline.Simulator;

internal sealed class SimulatorOptionsValidator : IValidateOptions<SimulatorOptions>
{
    public ValidateOptionsResult Validate(string? name, SimulatorOptions options)
    {
        const string Section = SimulatorOptions.SectionName;
        var result = new ValidateOptionsResultBuilder();
        if (options.RateLimit.Users < 1)
        {
            result.AddError($"{Section}:RateLimit:{nameof(RateLimitOptions.Users)} is {options.RateLimit.Users}; it must be at least 1.");
        }

        if (options.RateLimit.Window <= TimeSpan.Zero)
        {
            result.AddError($"{Section}:RateLimit:{nameof(RateLimitOptions.Window)} is {options.RateLimit.Window}; it must be longer than zero.");
        }

        if (options.Faults.Rate is not (>= 0 and <= 1))
        {
            result.AddError($"{Section}:Faults:{nameof(FaultOptions.Rate)} is {options.Faults.Rate}; it must be between 0 and 1.");
        }

        CheckFaults(result, nameof(FaultOptions.Next), options.Faults.Next);
        CheckFaults(result, nameof(FaultOptions.Kinds), options.Faults.Kinds);
        return result.Build();
    }

    private static void CheckFaults(ValidateOptionsResultBuilder result, string property, string[] faults)
    {
        foreach (var text in faults)
        {
            if (!Fault.TryParse(text, out _, out var error))
            {
                result.AddError($"{SimulatorOptions.SectionName}:Faults:{property} holds '{text}': {error}");
            }
        }
    }
}
