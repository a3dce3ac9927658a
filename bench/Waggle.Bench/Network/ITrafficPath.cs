using System.Globalization;

namespace Waggle.Bench.Network;

/// <summary>A way for packets from one place to another, on which the same generator can be run.</summary>
public interface ITrafficPath : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Runs <c>waggle-load</c> with these arguments at the sending end and returns the number it printed.</summary>
    /// <param name="arguments">The mode and what follows the receiver's address and port.</param>
    /// <param name="cancellation">Ends the generator.</param>
    Task<double> LoadAsync(string[] arguments, CancellationToken cancellation);
}

/// <summary>The figures of a path.</summary>
public static class TrafficFigures
{
    public const string Port = "5999";

    /// <summary>Bytes per second over one TCP connection, as received.</summary>
    public static Task<double> ThroughputAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["stream", Seconds(duration)], cancellation);

    /// <summary>One-byte requests answered per second, one at a time.</summary>
    public static Task<double> RequestsAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["rr", Seconds(duration)], cancellation);

    /// <summary>One-byte requests answered per second over 16 connections, on each of which one is always under way.</summary>
    public static Task<double> ManyRequestsAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["rrmany", Seconds(duration), "16"], cancellation);

    /// <summary>Nanoseconds of CPU of both ends for each request and its answer; both run on one CPU.</summary>
    public static Task<double> RequestCostAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["rrcost", Seconds(duration)], cancellation);

    /// <summary>64-byte datagrams received per second.</summary>
    public static Task<double> DatagramsAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["udp", Seconds(duration), "64"], cancellation);

    /// <summary>Nanoseconds of CPU per 64-byte datagram, from the sender's call to the receiver's queue.</summary>
    public static Task<double> DatagramCostAsync(this ITrafficPath path, TimeSpan duration, CancellationToken cancellation) =>
        path.LoadAsync(["udpcost", Seconds(duration), "64"], cancellation);

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
