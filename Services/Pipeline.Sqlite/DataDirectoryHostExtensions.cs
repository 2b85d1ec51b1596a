using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.Sqlite;

public static class DataDirectoryHostExtensions
{
    /// <summary>Registers <see cref="DataDirectory"/> from the section <c>Data</c>, checked at start. May be called by every component that needs it.</summary>
    public static IHostApplicationBuilder AddDataDirectory(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<DataDirectoryOptions>().BindConfiguration(DataDirectoryOptions.SectionName).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DataDirectoryOptions>, DataDirectoryOptionsValidator>());
        builder.Services.TryAddSingleton<DataDirectory>();
        return builder;
    }
}
