using System.Diagnostics;
using System.Globalization;
using Waggle.Bench.Network;
using Waggle.Linux;

namespace Waggle.Bench.Multicast;

/// <summary>What one run of datagrams did.</summary>
/// <param name="CopiesPerSecond">Copies that reached a member's socket.</param>
/// <param name="NanosecondsPerCopy">CPU time of the sender, with all the packets' work done in it, for each of those.</param>
/// <param name="Lost">Part of the copies that did not arrive, 0 to 1.</param>
internal readonly record struct MulticastSample(double CopiesPerSecond, double NanosecondsPerCopy, double Lost);

/// <summary>A sender and members in namespaces of their own, and a way to replicate between them.</summary>
internal abstract class MulticastRig : IAsyncDisposable
{
    /// <summary>The group of a rig's first so-many members.</summary>
    internal static string GroupOf(int members) => FormattableString.Invariant($"239.1.{members / 256}.{members % 256}");

    /// <summary>Longer than until a bridge's second startup query (31 s), which gets lost reports repeated.</summary>
    private static readonly TimeSpan s_membersTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_betweenProbes = TimeSpan.FromMilliseconds(50);
    private readonly string _program;
    private readonly List<NetworkNamespace> _namespaces = [];

    protected MulticastRig(string name, string program)
    {
        (Name, _program) = (name, program);
        Node = NewNamespace();
        Sender = NewNamespace();
        Sink = new Members(Node, program);
    }

    internal string Name { get; }

    /// <summary>The namespace that replicates.</summary>
    protected NetworkNamespace Node { get; }

    protected NetworkNamespace Sender { get; }

    protected Members Sink { get; }

    /// <summary>Sends datagrams and waits for their copies.</summary>
    internal async Task<MulticastSample> SampleAsync(int members, long datagrams, CancellationToken cancellation)
    {
        var threads = SoftIrqThreads.Nanoseconds();
        var (copies, cpu, time) = await SendAsync(members, datagrams, cancellation).ConfigureAwait(false);
        var expected = members * datagrams;
        if (copies > expected)
        {
            throw new InvalidOperationException($"{Name}: {copies} copies arrived where {expected} were due");
        }

        return new MulticastSample(copies / time * 1e9, (cpu + SoftIrqThreads.Nanoseconds() - threads) / copies, 1 - ((double)copies / expected));
    }

    /// <returns>Copies that arrived, and nanoseconds of CPU and of time that sending took.</returns>
    protected async Task<(long Copies, double Cpu, double Time)> SendAsync(int members, long datagrams, CancellationToken cancellation)
    {
        var group = GroupOf(members);
        var before = await Sink.CountAsync(group).ConfigureAwait(false);
        var count = datagrams.ToString(CultureInfo.InvariantCulture);
        using var process = NamespacePath.Start(Sender, _program, ["mcast-send", group, TrafficFigures.Port, "eth0", count, "64"]);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        var words = output.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2)
        {
            throw new InvalidOperationException($"{Name}: {await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false)}");
        }

        var copies = await Sink.CountAsync(group, before + (members * datagrams)).ConfigureAwait(false) - before;
        return (copies, double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    protected NetworkNamespace NewNamespace()
    {
        var created = NetworkNamespace.Create();
        _namespaces.Add(created);
        return created;
    }

    /// <summary>
    /// Sends a datagram now and then until one reaches every member: joins take effect a moment after the call. One at a time: the
    /// copies of a few more fill the CPU's backlog (1,000 packets), and among what is lost then are reports of members, which nobody
    /// repeats before the next general query.
    /// </summary>
    protected async Task WaitForMembersAsync(int members, CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            // Exactly: copies of the datagram before may come late.
            var copies = (await SendAsync(members, 1, cancellation).ConfigureAwait(false)).Copies;
            if (copies == members)
            {
                return;
            }

            if (since.Elapsed > s_membersTimeout)
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"{Name}: a datagram reaches {copies} of {members} members, {s_membersTimeout.TotalSeconds:0} s after they joined"));
            }

            await Task.Delay(s_betweenProbes, cancellation).ConfigureAwait(false);
        }
    }

    public virtual ValueTask DisposeAsync()
    {
        Sink.Dispose();
        _namespaces.ForEach(each => each.Dispose());
        return ValueTask.CompletedTask;
    }
}
