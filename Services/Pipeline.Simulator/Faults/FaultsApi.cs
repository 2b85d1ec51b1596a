using Microsoft.AspNetCore.Http.HttpResults;

namespace Pipeline.Simulator.Faults;

/// <summary>The endpoint <c>/_faults</c>: what is planned, planning more, and back to normal.</summary>
internal static class FaultsApi
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/_faults", (FaultPlan plan) => State(plan)).ExcludeFromDescription();
        endpoints.MapPost("/_faults", Plan).ExcludeFromDescription();
        endpoints.MapDelete("/_faults", (FaultPlan plan) =>
        {
            plan.Clear();
            return State(plan);
        }).ExcludeFromDescription();
    }

    private static Results<Ok<FaultState>, ValidationProblem> Plan(FaultRequest request, FaultPlan plan)
    {
        var errors = new Dictionary<string, string[]>();
        var faults = new List<Fault>();
        foreach (var text in request.Faults ?? [])
        {
            if (Fault.TryParse(text, out var fault, out var error))
            {
                faults.Add(fault);
            }
            else
            {
                errors["faults"] = [error];
            }
        }

        if (request.Rate is { } rate)
        {
            if (rate is not (>= 0 and <= 1))
            {
                errors["rate"] = [$"{rate} is not between 0 and 1."];
            }
            else if (errors.Count == 0)
            {
                plan.SetRate(rate, request.Seed ?? 1, faults.Count > 0 ? [.. faults] : null);
            }
        }
        else if (faults.Count == 0 && errors.Count == 0)
        {
            errors["faults"] = ["At least one fault or a rate is needed."];
        }
        else if (request.Count is < 1 or > FaultPlan.MaxQueued || (errors.Count == 0 && !faults.TrueForAll(fault => plan.TryEnqueue(fault, request.Count ?? 1))))
        {
            errors["count"] = [$"The queue holds at most {FaultPlan.MaxQueued} faults; {request.Count} do not fit."];
        }

        return errors.Count > 0 ? TypedResults.ValidationProblem(errors) : State(plan);
    }

    private static Ok<FaultState> State(FaultPlan plan)
    {
        var (queued, rate) = plan.State;
        return TypedResults.Ok(new FaultState(queued, rate, plan.Injected, Fault.KindNames));
    }
}

/// <summary>Faults to queue (each <see cref="Count"/> times, default once), or with <see cref="Rate"/> the faults to choose from for that share of calls.</summary>
internal sealed record FaultRequest(string[]? Faults, int? Count, double? Rate, long? Seed);

internal sealed record FaultState(int Queued, double Rate, long Injected, IReadOnlyCollection<string> Kinds);
