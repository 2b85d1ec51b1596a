using Microsoft.AspNetCore.Components;

namespace Pipeline.Dashboard.Components.Parts;

/// <summary>
/// A part that shows nothing but its parameters, which are never changed in place: it is rendered again only when one of them is another.
/// What a reading has in common with the one before is the same object in both, so that the part of the page that shows it costs nothing.
/// </summary>
public abstract class SteadyPart : ComponentBase
{
    private IReadOnlyDictionary<string, object?>? _shown;

    public override Task SetParametersAsync(ParameterView parameters)
    {
        if (_shown is not null && IsShown(parameters, _shown))
        {
            return Task.CompletedTask;
        }

        _shown = parameters.ToDictionary();
        return base.SetParametersAsync(parameters);
    }

    private static bool IsShown(ParameterView parameters, IReadOnlyDictionary<string, object?> shown)
    {
        foreach (var parameter in parameters)
        {
            if (!shown.TryGetValue(parameter.Name, out var before) || !Equals(before, parameter.Value))
            {
                return false;
            }
        }

        return true;
    }
}
