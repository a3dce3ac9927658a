using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Forwarding tables (FDB) of bridges and VXLAN devices.</summary>
public sealed class ForwardingOperations
{
    private readonly NetlinkConnection _connection;

    internal ForwardingOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The entries of a bridge port or a VXLAN device, or of all (0).</summary>
    public async Task<IReadOnlyList<ForwardingEntry>> ListAsync(int linkIndex = 0, CancellationToken cancellation = default) =>
        await _connection.DumpAsync(ForwardingMessages.List(linkIndex), ForwardingMessages.Parse, "list forwarding entries", null, cancellation).ConfigureAwait(false);

    /// <summary>Adds an entry or replaces the one with this address. Unknown-destination and group entries of a VXLAN device are added to the others of that address.</summary>
    public async Task EnsureAsync(ForwardingEntry entry, CancellationToken cancellation = default)
    {
        bool many = entry.MacAddress.Value == 0 || entry.MacAddress.IsMulticast;
        MessageFlags flags = MessageFlags.Create | (many ? MessageFlags.Append : MessageFlags.Replace);
        try
        {
            await _connection.ExecuteAsync(ForwardingMessages.Write(Rtm.NEWNEIGH, flags, entry), "add forwarding entry", entry.MacAddress.ToString(), cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (many && e.Errno == Errno.EEXIST)
        {
            // As asked.
        }
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>False when the address has no entry. A VXLAN device says true, too, when the address has entries for other destinations only.</returns>
    public async Task<bool> DeleteAsync(ForwardingEntry entry, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(ForwardingMessages.Write(Rtm.DELNEIGH, MessageFlags.None, entry), "delete forwarding entry", entry.MacAddress.ToString(), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            return false;
        }
    }
}
