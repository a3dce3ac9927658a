using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>
/// What one client is told of the nodes. Who follows is told changes only: however often a node is tried while it is away, that is said
/// once. Used by the reader of the merge; <see cref="Status"/> by anybody.
/// </summary>
internal sealed class NodeNews(RelayQuestion question, RpcFrameBuffer frames, string relayName, TimeProvider time)
{
    private readonly Dictionary<string, NodeState> _last = new(StringComparer.Ordinal);

    /// <summary>Nodes of which something was told.</summary>
    public IReadOnlyCollection<string> Known => _last.Keys;

    /// <summary>What was told of a node last.</summary>
    public NodeState Last(string name) => _last.GetValueOrDefault(name, NodeState.UnknownNodeState);

    /// <summary>Tells of one node.</summary>
    public void Tell(NodeState state, string name, string message) => Tell(state, [name], message);

    /// <summary>Tells of nodes of which the same is to be said.</summary>
    public void Tell(NodeState state, IReadOnlyList<string> names, string message)
    {
        if (names.Count > 0)
        {
            Tell(Status(state, names, message));
        }
    }

    /// <summary>Tells what a node's reader made of its end.</summary>
    public void Tell(RelayedFlow status)
    {
        var (state, names) = (status.NodeStatus.StateChange, status.NodeStatus.NodeNames);
        if (question.Window.Follow && names.All(n => Last(n) == state))
        {
            return;
        }

        foreach (var name in names)
        {
            _last[name] = state;
        }

        if (question.TellsNodes)
        {
            frames.Add(status);
        }
    }

    /// <summary>A node is no more; should one of this name come, that is news.</summary>
    public void TellGone(string name)
    {
        Tell(NodeState.NodeGone, name, "");
        _last.Remove(name);
    }

    /// <summary>A message about nodes, of now.</summary>
    public RelayedFlow Status(NodeState state, IReadOnlyList<string> names, string message) => new()
    {
        NodeStatus = new NodeStatusEvent { StateChange = state, NodeNames = { names }, Message = message },
        NodeName = relayName,
        Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
    };
}
