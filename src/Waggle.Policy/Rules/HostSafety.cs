using System.Text.Json;

namespace Waggle.Policy.Rules;

/// <summary>What the host firewall never cuts, whatever policies say: without it a node could not be brought back.</summary>
/// <remarks>The API server, to the kubelet's port and to those from which the node asks it (a connection may be older than the programs: then an answer is the first packet they see), tunnels, health checks and BGP between nodes, DNS and DHCP of the node.</remarks>
public static class HostSafety
{
    /// <summary>The policy, as one that wins over all others.</summary>
    public static ParsedPolicy Policy { get; } = Parse("""
        {
          "apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "waggle-host-safety"},
          "spec": {
            "description": "built in: what a node needs to stay reachable",
            "nodeSelector": {},
            "enableDefaultDeny": {"ingress": false, "egress": false},
            "ingress": [
              {"fromEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "10250", "protocol": "TCP"}, {"port": "32768", "endPort": 60999, "protocol": "TCP"}]}]},
              {"fromEntities": ["remote-node", "kube-apiserver"], "toPorts": [{"ports": [
                {"port": "8472", "protocol": "UDP"}, {"port": "4240", "protocol": "TCP"}, {"port": "179", "protocol": "TCP"}, {"port": "6443", "protocol": "TCP"}]}]},
              {"fromEntities": ["remote-node", "kube-apiserver"], "icmps": [{"fields": [{"family": "IPv4", "type": 8}, {"family": "IPv6", "type": 128}]}]},
              {"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "6443", "protocol": "TCP"}, {"port": "68", "protocol": "UDP"}, {"port": "546", "protocol": "UDP"}]}]}
            ],
            "egress": [
              {"toEntities": ["kube-apiserver"]},
              {"toEntities": ["remote-node"], "toPorts": [{"ports": [
                {"port": "8472", "protocol": "UDP"}, {"port": "4240", "protocol": "TCP"}, {"port": "179", "protocol": "TCP"}, {"port": "6443", "protocol": "TCP"}, {"port": "10250", "protocol": "TCP"}]}]},
              {"toEntities": ["remote-node"], "icmps": [{"fields": [{"family": "IPv4", "type": 8}, {"family": "IPv6", "type": 128}]}]},
              {"toEntities": ["all"], "toPorts": [{"ports": [
                {"port": "53", "protocol": "ANY"}, {"port": "67", "protocol": "UDP"}, {"port": "547", "protocol": "UDP"}, {"port": "123", "protocol": "UDP"}]}]}
            ]
          }
        }
        """);

    private static ParsedPolicy Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return PolicyParser.Parse(PolicyKind.CiliumClusterwideNetworkPolicy, document.RootElement.Clone()) with { IsProtected = true };
    }
}
