using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Addresses of a namespace's links.</summary>
public sealed class AddressOperations
{
    private readonly NetlinkConnection _connection;

    internal AddressOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The addresses, of all links or of one.</summary>
    public async Task<IReadOnlyList<InterfaceAddress>> ListAsync(int linkIndex = 0, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellation = default)
    {
        List<InterfaceAddress> all = await _connection.DumpAsync(
            AddressMessages.List(Family.Of(family), linkIndex), AddressMessages.Parse, "list addresses", null, cancellation).ConfigureAwait(false);
        return all;
    }

    /// <summary>Adds an address.</summary>
    /// <exception cref="NetlinkException">EEXIST when the link has it.</exception>
    public Task AddAsync(InterfaceAddress address, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(AddressMessages.Add(address, MessageFlags.Create | MessageFlags.Exclusive), "add address", address.ToString(), cancellation);

    /// <summary>Adds an address, or gives the existing one these lifetimes and flags.</summary>
    public Task EnsureAsync(InterfaceAddress address, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(AddressMessages.Add(address, MessageFlags.Create | MessageFlags.Replace), "add address", address.ToString(), cancellation);

    /// <summary>Removes an address.</summary>
    /// <returns>False when the link does not have it, or is gone.</returns>
    public async Task<bool> DeleteAsync(InterfaceAddress address, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(AddressMessages.Delete(address), "delete address", address.ToString(), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.EADDRNOTAVAIL or Errno.ENODEV)
        {
            return false;
        }
    }
}
