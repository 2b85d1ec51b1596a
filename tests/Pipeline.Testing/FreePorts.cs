using System.Net;
using System.Net.Sockets;

namespace Pipeline.Testing;

/// <summary>Ports below those that the system hands out by itself: nobody is given one of them by chance while a test has it stopped.</summary>
public static class FreePorts
{
    /// <summary>The first of <paramref name="count"/> ports in a row that nobody listens on.</summary>
    public static int First(int count)
    {
        for (var attempt = 0; ; attempt++)
        {
            var first = Random.Shared.Next(200, 320) * 100;
            if (attempt == 50 || Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
