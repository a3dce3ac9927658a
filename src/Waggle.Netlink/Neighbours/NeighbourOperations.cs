using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>ARP and neighbour discovery tables.</summary>
public sealed class NeighbourOperations
{
    private readonly NetlinkConnection _connection;

    internal NeighbourOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The neighbours, of all links or of one, without proxy entries.</summary>
    public async Task<IReadOnlyList<Neighbour>> ListAsync(int linkIndex = 0, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellation = default) =>
        await ListAsync(linkIndex, family, NeighbourFlags.None, cancellation).ConfigureAwait(false);

    /// <summary>The addresses this machine answers for.</summary>
    public async Task<IReadOnlyList<Neighbour>> ListProxiesAsync(int linkIndex = 0, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellation = default)
    {
        // The kernel does not filter proxy entries by link.
        List<Neighbour> all = await ListAsync(0, family, NeighbourFlags.Proxy, cancellation).ConfigureAwait(false);
        return linkIndex == 0 ? all : all.FindAll(neighbour => neighbour.LinkIndex == linkIndex);
    }

    /// <summary>Adds a neighbour or replaces the one with this address.</summary>
    public Task EnsureAsync(Neighbour neighbour, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(NeighbourMessages.Write(Rtm.NEWNEIGH, MessageFlags.Create | MessageFlags.Replace, neighbour), "add neighbour", neighbour.Address.ToString(), cancellation);

    /// <summary>Removes a neighbour.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteAsync(Neighbour neighbour, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(NeighbourMessages.Write(Rtm.DELNEIGH, MessageFlags.None, neighbour), "delete neighbour", neighbour.Address.ToString(), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            return false;
        }
    }

    private Task<List<Neighbour>> ListAsync(int linkIndex, AddressFamily family, NeighbourFlags flags, CancellationToken cancellation) =>
        _connection.DumpAsync(NeighbourMessages.List(Family.Of(family), linkIndex, flags), NeighbourMessages.Parse, "list neighbours", null, cancellation);
}
