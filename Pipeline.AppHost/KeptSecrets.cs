using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost;

internal static class KeptSecrets
{
    /// <summary>
    /// Reads the passwords that Aspire made up at an earlier start and kept in the user secrets. It writes them in every environment, but reads them in
    /// Development only; a new password for the data of an old one would lock everybody out. Environment and command line have the last word.
    /// </summary>
    public static IDistributedApplicationBuilder AddKeptSecrets(this IDistributedApplicationBuilder builder)
    {
        var secrets = new ConfigurationBuilder().AddUserSecrets(Assembly.GetExecutingAssembly(), optional: true);
        builder.Configuration.Sources.Insert(0, secrets.Sources.Single());
        return builder;
    }
}
