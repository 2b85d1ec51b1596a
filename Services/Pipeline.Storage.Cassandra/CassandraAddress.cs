using System.Globalization;

namespace Pipeline.Storage.Cassandra;

/// <summary>
/// Where the servers are, from <c>ConnectionStrings:cassandra</c>. Either contact points alone, <c>host[:port],host[:port]</c>, or
/// pairs: <c>Contact Points=host1,host2;Port=9042;Username=…;Password=…</c>.
/// </summary>
internal sealed record CassandraAddress(IReadOnlyList<string> ContactPoints, int Port, string? Username, string? Password)
{
    public const int DefaultPort = 9042;
    public const string ConnectionName = "cassandra";
    private const string Setting = "ConnectionStrings:" + ConnectionName;

    /// <summary>Reads a connection string; what is wrong with it is added to the errors, never with the password.</summary>
    public static CassandraAddress Parse(string connectionString, List<string> errors)
    {
        var contacts = connectionString;
        string? username = null, password = null;
        var port = DefaultPort;
        if (connectionString.Contains('=', StringComparison.Ordinal))
        {
            contacts = "";
            foreach (var pair in connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var (name, value) = pair.IndexOf('=', StringComparison.Ordinal) is var at and >= 0 ? (pair[..at].Trim(), pair[(at + 1)..].Trim()) : (pair, "");
                switch (name.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant())
                {
                    case "CONTACTPOINTS":
                        contacts = value;
                        break;
                    case "PORT" when TryPort(value, out port):
                        break;
                    case "PORT":
                        errors.Add($"{Setting} has the port '{value}'; it must be a number from 1 to 65535.");
                        break;
                    case "USERNAME":
                        username = value;
                        break;
                    case "PASSWORD":
                        password = value;
                        break;
                    default:
                        errors.Add($"{Setting} has '{name}', which is not one of Contact Points, Port, Username, Password; everything else is set in the section {CassandraOptions.SectionName}.");
                        break;
                }
            }
        }

        if (username is null != password is null)
        {
            errors.Add($"{Setting} must have both Username and Password, or neither.");
        }

        var (hosts, common) = Contacts(contacts, port, errors);
        return new CassandraAddress(hosts, common, username, password);
    }

    public override string ToString() => string.Join(", ", ContactPoints.Select(host => $"{host}:{Port}"));

    private static (List<string> Hosts, int Port) Contacts(string list, int defaultPort, List<string> errors)
    {
        var hosts = new List<string>();
        var ports = new HashSet<int>();
        foreach (var contact in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // An IPv6 address has colons of its own and takes its port in the form [::1]:9042.
            var colon = contact.LastIndexOf(':');
            var hasPort = colon > 0 && (contact.IndexOf(':', StringComparison.Ordinal) == colon || contact[colon - 1] == ']');
            var host = (hasPort ? contact[..colon] : contact).Trim('[', ']');
            var port = defaultPort;
            if (host.Length == 0 || (hasPort && !TryPort(contact[(colon + 1)..], out port)))
            {
                errors.Add($"{Setting} has the contact point '{contact}'; it must be host or host:port.");
                continue;
            }

            hosts.Add(host);
            ports.Add(port);
        }

        if (hosts.Count == 0 && errors.Count == 0)
        {
            errors.Add($"{Setting} names no contact point; write host[:port],… or Contact Points=host,…;Port=…");
        }

        // The nodes tell each other's addresses but not their ports: a client knows one port for all of them.
        if (ports.Count > 1)
        {
            errors.Add($"{Setting} has several ports ({string.Join(", ", ports)}); the nodes of a cluster must all have the same one.");
        }

        return (hosts, ports.Count > 0 ? ports.First() : defaultPort);
    }

    private static bool TryPort(string text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
}
