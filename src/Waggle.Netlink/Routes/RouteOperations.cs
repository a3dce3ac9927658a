using System.Net;
using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Routing tables of a namespace.</summary>
public sealed class RouteOperations
{
    private readonly NetlinkConnection _connection;

    internal RouteOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The routes of a family, of one table or of all (null). Cached and cloned routes are left out.</summary>
    public async Task<IReadOnlyList<Route>> ListAsync(AddressFamily family = AddressFamily.Unspecified, uint? table = null, CancellationToken cancellation = default)
    {
        if (family != AddressFamily.Unspecified)
            return await ListFamilyAsync(Family.Of(family), table, cancellation).ConfigureAwait(false);
        List<Route> both = await ListFamilyAsync(Family.Inet, table, cancellation).ConfigureAwait(false);
        both.AddRange(await ListFamilyAsync(Family.Inet6, table, cancellation).ConfigureAwait(false));
        return both;
    }

    /// <summary>Adds a route.</summary>
    /// <exception cref="NetlinkException">EEXIST when there is one with this destination, table and metric; ENETUNREACH when the gateway is not on a link.</exception>
    public Task AddAsync(Route route, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(RouteMessages.Add(route, MessageFlags.Create | MessageFlags.Exclusive), "add route", Name(route), cancellation);

    /// <summary>Adds a route, or replaces the one with the same destination, table and metric.</summary>
    public Task EnsureAsync(Route route, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(RouteMessages.Add(route, MessageFlags.Create | MessageFlags.Replace), "add route", Name(route), cancellation);

    /// <summary>Deletes a route: destination, table and type must match, and of the rest what is set.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteAsync(Route route, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(RouteMessages.Delete(route), "delete route", Name(route), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ESRCH or Errno.ENODEV or Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>The route that the kernel takes to a destination.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="source">The packet's source address, when routing rules ask for it.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<Route?> ResolveAsync(IPAddress destination, IPAddress? source = null, CancellationToken cancellation = default)
    {
        try
        {
            return await _connection.GetAsync(RouteMessages.Resolve(destination, source), RouteMessages.Parse, "find route to", destination.ToString(), cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH)
        {
            return null;
        }
    }

    private async Task<List<Route>> ListFamilyAsync(byte family, uint? table, CancellationToken cancellation)
    {
        try
        {
            return await _connection.DumpAsync(RouteMessages.List(family, table), RouteMessages.ParseListed, "list routes", null, cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENOENT && table is not null)
        {
            return []; // a table exists only while it has routes
        }
    }

    private static string Name(Route route) => route.Table == RouteTable.Main ? route.Destination.ToString() : $"{route.Destination} in table {route.Table}";
}
