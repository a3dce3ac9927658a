using System.Text.Json.Nodes;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Cni;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>A pod's namespaces and its attachment to the network.</summary>
internal sealed class PodSandbox(PodScope scope)
{
    private CniConfiguration? _network;
    private JsonObject? _result;

    /// <summary>Makes the namespaces and attaches them. On failure nothing is left.</summary>
    /// <exception cref="CniException">A CNI plugin refused.</exception>
    /// <exception cref="LaunchException">The kernel refused.</exception>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        NodeContext node = scope.Node;
        await node.Launcher.CreateSandboxAsync(scope.Sandbox, scope.HostName, scope.HostNetwork, Sysctls(), cancellation).ConfigureAwait(false);
        if (scope.HostNetwork)
        {
            scope.Addresses = new PodAddresses(scope.Addresses.HostIps, scope.Addresses.HostIps);
            return;
        }
        try
        {
            _network = node.Network.Current ?? throw new CniException("cni plugin not initialized");
            _result = await Invoker().AddAsync(_network, Request(), cancellation).ConfigureAwait(false);
            IReadOnlyList<string> addresses = CniInvoker.AddressesOf(_result);
            if (addresses.Count == 0)
                throw new CniException($"network \"{_network.Name}\" gave the pod no address");
            scope.Addresses = new PodAddresses(Ordered(addresses), scope.Addresses.HostIps);
        }
        catch
        {
            await RemoveAsync(cancellation).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Detaches from the network and lets go of the namespaces; also of a sandbox that was made in part.</summary>
    /// <returns>What a plugin complained about; the namespaces are gone all the same.</returns>
    public async Task<string?> RemoveAsync(CancellationToken cancellation)
    {
        string? problem = null;
        if (_network is { } network)
        {
            try
            {
                await Invoker().DeleteAsync(network, Request(), _result, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is CniException or LaunchException)
            {
                problem = e.Message;
            }
            _network = null;
            _result = null;
        }
        await scope.Node.Launcher.RemoveSandboxAsync(scope.Sandbox, scope.Cgroup, cancellation).ConfigureAwait(false);
        return problem;
    }

    private CniInvoker Invoker() => new(scope.Node.Launcher, NodePaths.CniPluginsInNode);

    private CniRequest Request() => new(scope.Sandbox, SandboxPaths.Network(scope.Sandbox), scope.Namespace, scope.Name, scope.Uid)
    {
        Ports = [.. scope.Pod.Spec.Containers.SelectMany(container => container.Ports).Where(port => port.HostPort is > 0)
            .Select(port => new CniPortMapping(port.HostPort!.Value, port.Port, port.Protocol ?? "TCP", port.HostIp))],
    };

    /// <summary>The node's preferred family first.</summary>
    private IReadOnlyList<string> Ordered(IReadOnlyList<string> addresses)
    {
        bool v6First = scope.Node.Options.Addresses.FirstOrDefault()?.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        return [.. addresses.OrderBy(address => address.Contains(':') != v6First)];
    }

    private IEnumerable<string> Sysctls()
    {
        // As other runtimes do, so that ping and low ports need no capability. IPv6 may be switched off on the machine; these are IPv4's.
        if (!scope.HostNetwork)
        {
            yield return "net.ipv4.ping_group_range=0 2147483647";
            yield return "net.ipv4.ip_unprivileged_port_start=0";
        }
        foreach (NameValue sysctl in scope.Pod.Spec.SecurityContext?.Sysctls ?? [])
            yield return $"{sysctl.Name}={sysctl.Value}";
    }
}
