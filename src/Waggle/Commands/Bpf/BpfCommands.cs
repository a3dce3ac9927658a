using Waggle.Cli;
using Waggle.Commands.Bpf.Conntrack;
using Waggle.Commands.Bpf.Multicast;
using Waggle.Commands.Bpf.Policy;

namespace Waggle.Commands.Bpf;

/// <summary><c>bpf</c>: what stands in the kernel of this node, read from the pinned maps themselves.</summary>
internal static class BpfCommands
{
    public static Verb Create(string tool) => new("bpf", "Show what stands in this node's BPF maps")
    {

        Details = "These commands read and write the pinned maps directly: they work while the agent is down. Run them on a node, i.e. in an agent's container.",
        Children = () =>
        [
            Group("endpoint", "Local endpoints", EndpointListCommand.Create(tool)),
            Group("ipcache", "Addresses with their identity and node", IpcacheListCommand.Create(tool)),
            Group("metrics", "Packets forwarded and dropped, by reason", MetricsListCommand.Create(tool)),
            Group("policy", "What the kernel enforces", PolicyGetCommand.Create(tool)),
            ConntrackCommands.Create(tool),
            MulticastCommands.Create(tool),
        ],
    };

    private static Verb Group(string name, string purpose, params Verb[] children) => new(name, purpose) { Children = () => children };
}
