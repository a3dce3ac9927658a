using System.Globalization;
using System.Runtime.CompilerServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Network interfaces of a namespace.</summary>
public sealed class LinkOperations
{
    private readonly NetlinkConnection _connection;

    internal LinkOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>All links.</summary>
    /// <param name="statistics">Whether to fetch the counters too.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<IReadOnlyList<Link>> ListAsync(bool statistics = false, CancellationToken cancellation = default) =>
        await _connection.DumpAsync(LinkMessages.List(statistics), LinkMessages.Parse, "list links", null, cancellation).ConfigureAwait(false);

    /// <summary>The link of a name (or alternative name); null when there is none.</summary>
    public Task<Link?> FindAsync(string name, CancellationToken cancellation = default) => FindAsync(LinkMessages.Get(name, 0), name, cancellation);

    /// <summary>The link of an index; null when there is none.</summary>
    public Task<Link?> FindAsync(int index, CancellationToken cancellation = default) => FindAsync(LinkMessages.Get(null, index), Number(index), cancellation);

    /// <summary>The link of a name.</summary>
    /// <exception cref="NetlinkException">ENODEV when there is none.</exception>
    public async Task<Link> GetAsync(string name, CancellationToken cancellation = default) =>
        await FindAsync(name, cancellation).ConfigureAwait(false) ?? throw new NetlinkException("get link", name, Errno.ENODEV);

    /// <summary>The link of an index.</summary>
    /// <exception cref="NetlinkException">ENODEV when there is none.</exception>
    public async Task<Link> GetAsync(int index, CancellationToken cancellation = default) =>
        await FindAsync(index, cancellation).ConfigureAwait(false) ?? throw new NetlinkException("get link", Number(index), Errno.ENODEV);

    /// <summary>Creates a link and returns it.</summary>
    /// <exception cref="NetlinkException">EEXIST when the name, here or of the peer, is taken; EOPNOTSUPP when the kernel lacks the driver.</exception>
    public async Task<Link> CreateAsync(LinkSpec spec, CancellationToken cancellation = default)
    {
        await _connection.ExecuteAsync(LinkMessages.Create(spec, MessageFlags.Create | MessageFlags.Exclusive), $"create {spec.Kind} link", spec.Name, cancellation).ConfigureAwait(false);
        if (spec is VethSpec { PeerUp: true } veth)
            await SetPeerUpAsync(veth).ConfigureAwait(false);
        return await GetAsync(spec.Name, cancellation).ConfigureAwait(false);
    }

    /// <summary>Creates a link unless one of that name and kind exists; the existing one's settings are left alone.</summary>
    /// <exception cref="NetlinkException">EEXIST when the name belongs to a link of another kind.</exception>
    public async Task<Link> EnsureAsync(LinkSpec spec, CancellationToken cancellation = default)
    {
        if (await FindAsync(spec.Name, cancellation).ConfigureAwait(false) is { } existing && existing.Name == spec.Name)
        {
            return existing.Kind == spec.Kind
                ? existing
                : throw new NetlinkException($"create {spec.Kind} link", spec.Name, Errno.EEXIST, $"a link of kind {existing.Kind ?? "physical"} has this name");
        }

        try
        {
            return await CreateAsync(spec, cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            // Somebody else was faster, or the peer's name is taken.
            Link? found = await FindAsync(spec.Name, cancellation).ConfigureAwait(false);
            if (found?.Kind == spec.Kind)
                return found;
            throw;
        }
    }

    /// <summary>Changes a link, all of it in one request.</summary>
    public Task SetAsync(int index, LinkChange change, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(LinkMessages.Change(index, change), "change link", Number(index), cancellation);

    /// <summary>Sets a link up or down.</summary>
    public Task SetUpAsync(int index, bool up = true, CancellationToken cancellation = default) => SetAsync(index, new LinkChange { Up = up }, cancellation);

    /// <summary>Sets the loopback device up, which a new namespace has down.</summary>
    public Task SetLoopbackUpAsync(CancellationToken cancellation = default) => SetUpAsync(1, true, cancellation);

    /// <summary>Moves a link to another namespace, under a new name if one is given.</summary>
    public Task MoveAsync(int index, NetworkNamespace destination, string? newName = null, CancellationToken cancellation = default) =>
        SetAsync(index, new LinkChange { Namespace = destination, Name = newName }, cancellation);

    /// <summary>Changes the settings of a bridge's port.</summary>
    public Task SetBridgePortAsync(int index, BridgePortSettings settings, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(LinkMessages.ChangePort(index, settings), "change bridge port", Number(index), cancellation);

    /// <summary>Deletes a link, of a veth pair both ends.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteAsync(int index, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(LinkMessages.Delete(index), "delete link", Number(index), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENODEV)
        {
            return false;
        }
    }

    /// <inheritdoc cref="DeleteAsync(int, CancellationToken)"/>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellation = default) =>
        await FindAsync(name, cancellation).ConfigureAwait(false) is { } link && await DeleteAsync(link.Index, cancellation).ConfigureAwait(false);

    /// <summary>The kernel creates the peer before the pair is joined, and an unjoined veth cannot be set up: that takes a second request.</summary>
    private async Task SetPeerUpAsync(VethSpec veth)
    {
        try
        {
            if (veth.PeerNamespace is null)
            {
                await SetUpAsync((await GetAsync(veth.PeerName).ConfigureAwait(false)).Index).ConfigureAwait(false);
                return;
            }

            Rtnl there = Rtnl.Open(veth.PeerNamespace);
            await using ConfiguredAsyncDisposable _ = there.ConfigureAwait(false);
            await there.Links.SetUpAsync((await there.Links.GetAsync(veth.PeerName).ConfigureAwait(false)).Index).ConfigureAwait(false);
        }
        catch
        {
            await DeleteAsync(veth.Name).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<Link?> FindAsync(byte[] request, string target, CancellationToken cancellation)
    {
        try
        {
            return await _connection.GetAsync(request, LinkMessages.Parse, "get link", target, cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
    }

    private static string Number(int index) => string.Create(CultureInfo.InvariantCulture, $"#{index}");
}
