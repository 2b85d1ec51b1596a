using Microsoft.Extensions.Options;

namespace Pipeline.Sqlite;

internal sealed class DataDirectoryOptionsValidator : IValidateOptions<DataDirectoryOptions>
{
    public ValidateOptionsResult Validate(string? name, DataDirectoryOptions options)
    {
        const string Setting = $"{DataDirectoryOptions.SectionName}:{nameof(DataDirectoryOptions.Directory)}";
        if (string.IsNullOrWhiteSpace(options.Directory))
        {
            return ValidateOptionsResult.Fail($"{Setting} is empty; name a directory.");
        }

        if (options.Directory.AsSpan().ContainsAny(Path.GetInvalidPathChars()))
        {
            return ValidateOptionsResult.Fail($"{Setting} is '{options.Directory}', which is not a path.");
        }

        return File.Exists(options.Directory)
            ? ValidateOptionsResult.Fail($"{Setting} is '{options.Directory}', which is a file; name a directory.")
            : ValidateOptionsResult.Success;
    }
}
