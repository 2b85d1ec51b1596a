namespace Pipeline.Contracts;

/// <summary>A contract file that cannot be used; the message names every line and what is wrong there.</summary>
public sealed class ContractException : Exception
{
    public ContractException(string source, IReadOnlyList<string> errors)
        : base($"The contract {source} is not usable:{string.Concat(errors.Select(error => Environment.NewLine + "  " + error))}")
    {
        Errors = errors;
    }

    /// <summary>One sentence each, starting with the line.</summary>
    public IReadOnlyList<string> Errors { get; }
}
