using System.Net;
using System.Net.Sockets;

namespace Pipeline.Testing;

/// <summary>Ports below those that the system hands out by itself: nobody is given one of them by chance while a test has it stopped.</summary>
public static class FreePorts
{
    // A hundred ports each: servers of one test at the start, and single ones behind them. Two test processes then hardly meet, and one process never gives the same port twice:
    // nobody may listen yet on what was given.
    private const int MostInRow = 60;
    private const int HundredsFrom = 200;
    private const int HundredsTo = 320;
    private const int MostAttempts = 1000;

    private static readonly HashSet<int> Given = [];

    /// <summary>The first of <paramref name="count"/> ports in a row that nobody listens on.</summary>
    public static int First(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostInRow);
        lock (Given)
        {
            for (var attempt = 0; attempt < MostAttempts; attempt++)
            {
                var first = (Random.Shared.Next(HundredsFrom, HundredsTo) * 100) + (count == 1 ? Random.Shared.Next(MostInRow, 100) : 0);
                if (!Given.Contains(first) && Enumerable.Range(first, count).All(IsFree))
                {
                    Given.Add(first);
                    return first;
                }
            }
        }

        throw new InvalidOperationException($"No {count} ports in a row are free from {HundredsFrom * 100} to {HundredsTo * 100}.");
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
