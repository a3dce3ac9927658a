using System.Net;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Multicast;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>The device lists of one node, as the agent keeps them.</summary>
internal sealed class NodeFanOut : IDisposable
{
    private readonly TestNode _node;
    private readonly FanOut _lists;

    public NodeFanOut(TestNode node)
    {
        _node = node;
        Shell.Ip(node.Namespace, $"link add {FanOut.Device} type veth peer name {FanOut.Peer}", $"link set {FanOut.Device} up", $"link set {FanOut.Peer} up");
        var ifindex = Shell.Ifindex(node.Namespace, FanOut.Device);
        _lists = node.Namespace.Run(() => FanOut.Create(ifindex, null));
    }

    /// <summary>Gives a group a list of pods.</summary>
    public void Set(IPAddress group, params TestPod[] pods) => Set(group, pods, pods);

    /// <summary>The same, where the datapath takes the list's devices for those of other pods.</summary>
    public void Set(IPAddress group, TestPod[] slots, TestPod[] devices)
    {
        int[] indices = [.. devices.Select(pod => Shell.Ifindex(_node.Namespace, pod.Device))];
        var list = _node.Namespace.Run(() => _lists.Add(indices));
        _node.Datapath.Maps.McastFanOuts.Update(
            new McastGroupKey { Group = AbiAddress.From(group) }, _lists.RowOf(list, [.. slots.Select(pod => (uint)pod.Number)], 1500));
    }

    public void Dispose() => _lists.Dispose();
}
