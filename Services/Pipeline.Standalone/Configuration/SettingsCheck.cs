using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults;
using Pipeline.Storage;

namespace Pipeline.Standalone.Configuration;

/// <summary>
/// Reads every setting of the pipeline's own sections before anything binds them, so that a misspelt name or a value of the
/// wrong kind is reported with all others at once; the binder would ignore the first and stop at the second.
/// </summary>
internal static class SettingsCheck
{
    /// <summary>
    /// Returns what is wrong. Values that cannot be read are replaced by their defaults, so that the validators can still tell what else is wrong.
    /// </summary>
    public static IReadOnlyList<string> Run(IConfigurationManager configuration)
    {
        var errors = new List<string>();
        foreach (var group in OptionsTypes().GroupBy(o => o.Section, StringComparer.OrdinalIgnoreCase))
        {
            var properties = group.SelectMany(o => o.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance)).Where(p => p.CanWrite).ToArray();
            CheckAll(configuration, configuration.GetSection(group.Key), properties, errors);
        }

        return errors;
    }

    /// <summary>Everything wrong with the settings: what <see cref="Run"/> found and what the services' validators say.</summary>
    public static IReadOnlyList<string> AllErrors(IReadOnlyList<string> found, IServiceProvider services)
    {
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
            return found;
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException)
        {
            IEnumerable<Exception> each = e is AggregateException several ? several.InnerExceptions : [e];
            return [.. found, .. each.OfType<OptionsValidationException>().SelectMany(o => o.Failures).Distinct()];
        }
    }

    private static void CheckAll(IConfigurationManager configuration, IConfigurationSection section, PropertyInfo[] properties, List<string> errors)
    {
        foreach (var setting in section.GetChildren())
        {
            Check(configuration, setting, properties, errors);
        }
    }

    private static void Check(IConfigurationManager configuration, IConfigurationSection setting, PropertyInfo[] properties, List<string> errors)
    {
        var property = properties.FirstOrDefault(p => string.Equals(p.Name, setting.Key, StringComparison.OrdinalIgnoreCase));
        if (property is null)
        {
            errors.Add($"{setting.Path} is not a setting; there are: {string.Join(", ", properties.Select(p => p.Name).Order(StringComparer.Ordinal))}.");
            return;
        }

        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (IsNested(type))
        {
            CheckAll(configuration, setting, type.GetProperties(BindingFlags.Public | BindingFlags.Instance), errors);
            return;
        }

        if (setting.Value is not { Length: > 0 } value || type == typeof(string) || setting.GetChildren().Any())
        {
            return;
        }

        if (type == typeof(TimeSpan))
        {
            if (!Duration.TryParse(value, out _))
            {
                errors.Add($"{setting.Path} is '{value}', which is not a duration like 5s, 1m30s or 00:00:05.");
                UseDefault(configuration, setting, property);
            }
        }
        else if (!CanConvert(type, value))
        {
            errors.Add($"{setting.Path} is '{value}', which is not {Kind(type)}.");
            UseDefault(configuration, setting, property);
        }
    }

    private static void UseDefault(IConfigurationManager configuration, IConfigurationSection setting, PropertyInfo property)
    {
        var value = property.GetValue(Activator.CreateInstance(property.DeclaringType!));
        configuration[setting.Path] = Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    private static bool IsNested(Type type) => type.IsClass && type.Namespace?.StartsWith("Pipeline.", StringComparison.Ordinal) == true;

    private static bool CanConvert(Type type, string value)
    {
        if (type == typeof(Uri))
        {
            return Uri.TryCreate(value, UriKind.RelativeOrAbsolute, out _);
        }

        var converter = TypeDescriptor.GetConverter(type);
        if (!converter.CanConvertFrom(typeof(string)))
        {
            return true;
        }

        try
        {
            return converter.ConvertFromInvariantString(value) is not null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    private static string Kind(Type type) => type switch
    {
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(long) || type == typeof(short) || type == typeof(byte) => "a whole number in range",
        _ when type == typeof(double) || type == typeof(float) || type == typeof(decimal) => "a number",
        _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ => $"a {type.Name}",
    };

    /// <summary>The options classes of the services, by the habit that all of them keep: a constant named SectionName.</summary>
    private static IEnumerable<(string Section, Type Type)> OptionsTypes()
    {
        var own = typeof(SettingsCheck).Assembly;
        var assemblies = own.GetReferencedAssemblies().Where(a => a.Name!.StartsWith("Pipeline.", StringComparison.Ordinal)).Select(Assembly.Load);
        foreach (var type in assemblies.Concat(CassandraStore.Assembly is { } cassandra ? [cassandra] : []).Append(own).SelectMany(a => a.GetTypes()))
        {
            if (type.GetField("SectionName", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() is string section)
            {
                yield return (section, type);
            }
        }
    }
}
