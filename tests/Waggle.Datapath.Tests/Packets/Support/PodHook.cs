using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>The pod program with the sender, one other local pod, one remote pod and this node's addresses in its maps.</summary>
public sealed class PodHook : IDisposable
{
    public PodHook()
        : this(Configs.Tunnel)
    {
    }

    internal PodHook(in AbiConfig config)
    {
        Hook = new Hook("pod", config);
        Populate(Hook);
    }

    internal Hook Hook { get; }

    public void Dispose() => Hook.Dispose();

    internal static void Populate(Hook hook)
    {
        hook.AddSender(Configs.Sender);
        hook.AddEndpoint(Configs.Other);
        hook.AddHostAddress(Configs.Router4);
        hook.AddHostAddress(Configs.Router6);
        hook.AddHostAddress(Configs.Node4);
        hook.AddRemote(Configs.Remote4, Configs.RemoteNode4, 2001);
        hook.AddRemote(Configs.Remote6, Configs.RemoteNode6, 2001);
    }

    internal Outcome FromPod(PacketBuilder packet) => Hook.Run("from_pod", packet);

    internal Outcome FromPod(byte[] packet) => Hook.Run("from_pod", packet);
}
