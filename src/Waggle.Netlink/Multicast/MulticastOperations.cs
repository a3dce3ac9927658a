using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Multicast databases (MDB) of bridges.</summary>
public sealed class MulticastOperations
{
    private readonly NetlinkConnection _connection;

    internal MulticastOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The entries of one bridge or of all (0).</summary>
    public async Task<IReadOnlyList<MulticastEntry>> ListAsync(int bridgeIndex = 0, CancellationToken cancellation = default)
    {
        List<IReadOnlyList<MulticastEntry>> parts = await _connection.DumpAsync(MulticastMessages.List(), MulticastMessages.Parse, "list multicast entries", null, cancellation).ConfigureAwait(false);
        return [.. parts.SelectMany(part => part).Where(entry => bridgeIndex == 0 || entry.BridgeIndex == bridgeIndex)];
    }

    /// <summary>Adds an entry unless it is there.</summary>
    /// <exception cref="NetlinkException">E.g. EINVAL for a group that bridges do not keep.</exception>
    public async Task EnsureAsync(MulticastEntry entry, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(MulticastMessages.Write(Rtm.NEWMDB, MessageFlags.Create | MessageFlags.Exclusive, entry), "add multicast entry", entry.Group.ToString(), cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            // As asked.
        }
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteAsync(MulticastEntry entry, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(MulticastMessages.Write(Rtm.DELMDB, MessageFlags.None, entry), "delete multicast entry", entry.Group.ToString(), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV || (e.Errno == Errno.EINVAL && e.KernelText is null))
        {
            return false; // older kernels answer EINVAL for an entry that is not there
        }
    }
}
