using System.Globalization;
using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Rules of policy routing.</summary>
public sealed class RuleOperations
{
    private readonly NetlinkConnection _connection;

    internal RuleOperations(NetlinkConnection connection) => _connection = connection;

    /// <summary>The rules of a family in the order in which they are asked; of both families when none is named.</summary>
    public async Task<IReadOnlyList<RoutingRule>> ListAsync(AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellation = default)
    {
        if (family != AddressFamily.Unspecified)
            return await _connection.DumpAsync(RuleMessages.List(Family.Of(family)), RuleMessages.Parse, "list rules", null, cancellation).ConfigureAwait(false);
        return
        [
            .. await ListAsync(AddressFamily.InterNetwork, cancellation).ConfigureAwait(false),
            .. await ListAsync(AddressFamily.InterNetworkV6, cancellation).ConfigureAwait(false),
        ];
    }

    /// <summary>Adds a rule.</summary>
    /// <exception cref="NetlinkException">EEXIST when there is an equal one.</exception>
    public Task AddAsync(RoutingRule rule, CancellationToken cancellation = default) =>
        _connection.ExecuteAsync(RuleMessages.Write(Rtm.NEWRULE, MessageFlags.Create | MessageFlags.Exclusive, rule), "add rule", Name(rule), cancellation);

    /// <summary>Adds a rule unless there is an equal one.</summary>
    public async Task EnsureAsync(RoutingRule rule, CancellationToken cancellation = default)
    {
        try
        {
            await AddAsync(rule, cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            // As asked.
        }
    }

    /// <summary>Deletes the first rule that matches in all that is set.</summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> DeleteAsync(RoutingRule rule, CancellationToken cancellation = default)
    {
        try
        {
            await _connection.ExecuteAsync(RuleMessages.Write(Rtm.DELRULE, MessageFlags.None, rule), "delete rule", Name(rule), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    private static string Name(RoutingRule rule) => string.Create(CultureInfo.InvariantCulture, $"{rule.Priority} to table {rule.Table}");
}
