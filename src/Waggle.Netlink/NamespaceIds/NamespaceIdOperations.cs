using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Numbers by which this namespace names others, as they appear in <see cref="Link.PeerNamespaceId"/>.</summary>
public sealed class NamespaceIdOperations
{
    private readonly NetlinkConnection _connection;

    internal NamespaceIdOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The number of a namespace; null when it has none here.</summary>
    public async Task<int?> FindAsync(NetworkNamespace other, CancellationToken cancellation = default)
    {
        NamespaceId? reply = await _connection.GetAsync(Write(Rtm.GETNSID, other, null), Parse, "get id of namespace", other.ToString(), cancellation).ConfigureAwait(false);
        return reply is { Id: >= 0 } ? reply.Id : null;
    }

    /// <summary>The number of a namespace, given one when it has none.</summary>
    /// <param name="other">The namespace.</param>
    /// <param name="id">The wanted number; null lets the kernel choose. Ignored when the namespace has one.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<int> EnsureAsync(NetworkNamespace other, int? id = null, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(Write(Rtm.NEWNSID, other, id ?? -1), "give id to namespace", other.ToString(), cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST && id is null)
        {
            // It has one.
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            if (await FindAsync(other, cancellation).ConfigureAwait(false) is { } present)
                return present;
            throw; // the wanted number belongs to another namespace
        }

        return await FindAsync(other, cancellation).ConfigureAwait(false) ?? throw new NetlinkException("get id of namespace", other.ToString(), Errno.ENOENT);
    }

    /// <summary>All numbers in use.</summary>
    public async Task<IReadOnlyList<int>> ListAsync(CancellationToken cancellation = default)
    {
        var writer = new MessageWriter(Rtm.GETNSID, MessageFlags.None);
        writer.Fixed(default(GenericHeader));
        List<NamespaceId> ids = await _connection.DumpAsync(writer.ToArray(), Parse, "list namespace ids", null, cancellation).ConfigureAwait(false);
        return ids.ConvertAll(entry => entry.Id);
    }

    private static byte[] Write(ushort type, NetworkNamespace other, int? id)
    {
        var writer = new MessageWriter(type, MessageFlags.None);
        writer.Fixed(default(GenericHeader));
        writer.I32(Netnsa.FD, other.Descriptor.Number);
        if (id is { } number)
            writer.I32(Netnsa.NSID, number);
        return writer.ToArray();
    }

    private static NamespaceId? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWNSID or Rtm.DELNSID))
            return null;
        _ = Payload.Read<GenericHeader>(payload, out AttributeReader a);
        while (a.MoveNext())
        {
            if (a.Type == Netnsa.NSID)
                return new NamespaceId(a.I32());
        }

        return null;
    }

    /// <summary>struct rtgenmsg, padded.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct GenericHeader
    {
        public uint Family;
    }

    private sealed record NamespaceId(int Id);
}
