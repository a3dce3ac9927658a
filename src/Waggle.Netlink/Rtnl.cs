using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>
/// The kernel's network configuration (rtnetlink(7)) of one namespace: links, addresses, routes, rules, neighbours, traffic control.
/// All methods may be called from any thread at any time. <c>Ensure…</c> succeeds when the object is already as asked, <c>Delete…</c>
/// returns false when it was not there.
/// </summary>
/// <remarks>Refusals are <see cref="NetlinkException"/>s with the kernel's own text.</remarks>
public sealed class Rtnl : IAsyncDisposable, IDisposable
{
    private readonly NetlinkConnection _connection;

    private Rtnl(NetlinkConnection connection)
    {
        _connection = connection;
        Links = new LinkOperations(connection);
        Addresses = new AddressOperations(connection);
        Routes = new RouteOperations(connection);
        Rules = new RuleOperations(connection);
        Neighbours = new NeighbourOperations(connection);
        Forwarding = new ForwardingOperations(connection);
        Multicast = new MulticastOperations(connection);
        Traffic = new TrafficOperations(connection);
        NamespaceIds = new NamespaceIdOperations(connection);
    }

    /// <summary>Network interfaces.</summary>
    public LinkOperations Links { get; }

    /// <summary>Addresses of interfaces.</summary>
    public AddressOperations Addresses { get; }

    /// <summary>Routing tables.</summary>
    public RouteOperations Routes { get; }

    /// <summary>Policy routing.</summary>
    public RuleOperations Rules { get; }

    /// <summary>ARP and neighbour discovery tables.</summary>
    public NeighbourOperations Neighbours { get; }

    /// <summary>Forwarding tables of bridges and VXLAN devices.</summary>
    public ForwardingOperations Forwarding { get; }

    /// <summary>Multicast databases of bridges.</summary>
    public MulticastOperations Multicast { get; }

    /// <summary>Queueing disciplines and BPF filters.</summary>
    public TrafficOperations Traffic { get; }

    /// <summary>Numbers that name other namespaces.</summary>
    public NamespaceIdOperations NamespaceIds { get; }

    /// <summary>Opens a connection to a namespace; it stays there, and keeps the namespace alive, whatever becomes of the handle.</summary>
    /// <param name="inside">Null for the process's own namespace.</param>
    public static Rtnl Open(NetworkNamespace? inside = null) => new(NetlinkConnection.Open(0, inside));

    /// <summary>Closes the connection; requests still waiting fail.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => _connection.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
