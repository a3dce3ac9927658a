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
        var group = GroupOf(members);
        var (before, threads) = (await Sink.CountAsync(group).ConfigureAwait(false), SoftIrqThreads.Nanoseconds());
        var count = datagrams.ToString(CultureInfo.InvariantCulture);
        using var process = NamespacePath.Start(Sender, _program, ["mcast-send", group, TrafficFigures.Port, "eth0", count, "64"]);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        var words = output.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2)
        {
            throw new InvalidOperationException($"{Name}: {await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false)}");
        }

        var (cpu, time) = (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
        var expected = members * datagrams;
        var copies = await Sink.CountAsync(group, before + expected).ConfigureAwait(false) - before;
        if (copies > expected)
        {
            throw new InvalidOperationException($"{Name}: {copies} copies arrived where {expected} were due");
        }

        return new MulticastSample(copies / time * 1e9, (cpu + SoftIrqThreads.Nanoseconds() - threads) / copies, 1 - ((double)copies / expected));
    }

    protected NetworkNamespace NewNamespace()
    {
        var created = NetworkNamespace.Create();
        _namespaces.Add(created);
        return created;
    }

    /// <summary>Sends a few datagrams until the first of them reaches every member: joins take effect a moment after the call.</summary>
    protected async Task WaitForMembersAsync(int members, CancellationToken cancellation)
    {
        for (var attempt = 0; (await SampleAsync(members, 10, cancellation).ConfigureAwait(false)).Lost > 0; attempt++)
        {
            if (attempt == 100)
            {
                throw new InvalidOperationException($"{Name}: datagrams do not reach all {members} members");
            }
        }
    }

    public virtual ValueTask DisposeAsync()
    {
        Sink.Dispose();
        _namespaces.ForEach(each => each.Dispose());
        return ValueTask.CompletedTask;
    }
}
