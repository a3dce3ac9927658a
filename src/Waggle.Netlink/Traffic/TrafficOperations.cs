using System.Globalization;
using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Traffic control: the clsact hooks with their BPF programs, and which queueing disciplines there are.</summary>
public sealed class TrafficOperations
{
    private readonly NetlinkConnection _connection;

    internal TrafficOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The queueing disciplines of one link or of all (0).</summary>
    public async Task<IReadOnlyList<Qdisc>> ListQdiscsAsync(int linkIndex = 0, CancellationToken cancellation = default)
    {
        List<Qdisc> all = await _connection.DumpAsync(TrafficMessages.ListQdiscs(), TrafficMessages.ParseQdisc, "list qdiscs", null, cancellation).ConfigureAwait(false);
        return linkIndex == 0 ? all : all.FindAll(qdisc => qdisc.LinkIndex == linkIndex);
    }

    /// <summary>Adds the clsact discipline, which only carries filters, unless the link has it.</summary>
    /// <exception cref="NetlinkException">EEXIST when an ingress discipline is in its place.</exception>
    public async Task EnsureClsactAsync(int linkIndex, CancellationToken cancellation = default)
    {
        try
        {
            await AddQdiscAsync(new Qdisc(linkIndex, "clsact", new TrafficHandle(0xffff, 0), TrafficHandle.Clsact), cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            IReadOnlyList<Qdisc> present = await ListQdiscsAsync(linkIndex, cancellation).ConfigureAwait(false);
            if (!present.Any(qdisc => qdisc.Kind == "clsact"))
                throw;
        }
    }

    /// <summary>Adds a discipline that needs no options.</summary>
    public Task AddQdiscAsync(Qdisc qdisc, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(TrafficMessages.WriteQdisc(Rtm.NEWQDISC, MessageFlags.Create | MessageFlags.Exclusive, qdisc), $"add qdisc {qdisc.Kind} to link", Number(qdisc.LinkIndex), cancellation);

    /// <summary>Removes the clsact discipline with all its filters.</summary>
    /// <returns>False when the link, or the link's clsact, is not there.</returns>
    public Task<bool> DeleteClsactAsync(int linkIndex, CancellationToken cancellation = default) =>
        DeleteQdiscAsync(new Qdisc(linkIndex, "clsact", new TrafficHandle(0xffff, 0), TrafficHandle.Clsact), cancellation);

    /// <summary>Removes a discipline.</summary>
    /// <returns>False when it is not there.</returns>
    public async Task<bool> DeleteQdiscAsync(Qdisc qdisc, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(TrafficMessages.WriteQdisc(Rtm.DELQDISC, MessageFlags.None, qdisc), $"delete qdisc {qdisc.Kind} of link", Number(qdisc.LinkIndex), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            return false;
        }
        catch (NetlinkException e) when (e.Errno == Errno.EINVAL)
        {
            // "No such qdisc" and "wrong kind" have the same number.
            IReadOnlyList<Qdisc> present = await ListQdiscsAsync(qdisc.LinkIndex, cancellation).ConfigureAwait(false);
            if (present.Any(other => other.Parent == qdisc.Parent && other.Kind == qdisc.Kind))
                throw;
            return false;
        }
    }

    /// <summary>Attaches a program (type sched_cls), or replaces the one with the same hook, priority, protocol and handle without a gap. Needs clsact.</summary>
    /// <param name="filter">Where.</param>
    /// <param name="program">The program's descriptor.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public Task ReplaceFilterAsync(BpfFilter filter, SafeHandle program, CancellationToken cancellation = default) =>
        WriteFilterAsync(filter, program, MessageFlags.Create, "attach program to", cancellation);

    /// <summary>Attaches a program.</summary>
    /// <exception cref="NetlinkException">EEXIST when the place is taken.</exception>
    public Task AddFilterAsync(BpfFilter filter, SafeHandle program, CancellationToken cancellation = default) =>
        WriteFilterAsync(filter, program, MessageFlags.Create | MessageFlags.Exclusive, "attach program to", cancellation);

    /// <summary>Detaches a program.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteFilterAsync(BpfFilter filter, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(TrafficMessages.WriteFilter(Rtm.DELTFILTER, MessageFlags.None, filter, null), "detach program from", Name(filter), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            return false;
        }
        catch (NetlinkException e) when (e.Errno == Errno.EINVAL)
        {
            // Without clsact the kernel says EINVAL.
            IReadOnlyList<Qdisc> present = await ListQdiscsAsync(filter.LinkIndex, cancellation).ConfigureAwait(false);
            if (present.Any(qdisc => qdisc.Kind == "clsact"))
                throw;
            return false;
        }
    }

    /// <summary>The BPF programs at a hook in the order in which they run; none without clsact.</summary>
    public async Task<IReadOnlyList<BpfFilter>> ListFiltersAsync(int linkIndex, TrafficDirection direction, CancellationToken cancellation = default) =>
        await _connection.DumpAsync(
            TrafficMessages.ListFilters(linkIndex, direction),
            (type, payload) => TrafficMessages.ParseFilter(type, payload, direction),
            "list filters of link",
            Number(linkIndex),
            cancellation).ConfigureAwait(false);

    private async Task WriteFilterAsync(BpfFilter filter, SafeHandle program, MessageFlags flags, string operation, CancellationToken cancellation)
    {
        bool held = false;
        try
        {
            program.DangerousAddRef(ref held);
            byte[] message = TrafficMessages.WriteFilter(Rtm.NEWTFILTER, flags, filter, (int)program.DangerousGetHandle());
            await _connection.ExecuteAsync(message, operation, Name(filter), cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (held)
                program.DangerousRelease();
        }
    }

    private static string Number(int linkIndex) => string.Create(CultureInfo.InvariantCulture, $"#{linkIndex}");

    private static string Name(BpfFilter filter) => $"{filter.Direction.ToString().ToLowerInvariant()} of link {Number(filter.LinkIndex)}";
}
