using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Agent.Datapath;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Multicast;

/// <summary>Changes memberships the only way they may change: inside BPF, by the program <c>mcast_control</c>.</summary>
internal sealed class MembershipControl(DatapathState datapath)
{
    private const string Program = "mcast_control";

    /// <summary>Makes a slot a static member.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The member.</param>
    /// <param name="sources">Sources it wants, at most <see cref="AbiConstants.McastMaxSources"/>; none: any source.</param>
    public McastControlResult Join(IPAddress group, uint slot, IReadOnlyList<IPAddress> sources) =>
        Run(sources.Count == 0 ? McastControlOp.Join : McastControlOp.JoinSources, Address.From(group), slot, 0, sources);

    public McastControlResult Leave(Address group, uint slot) => Run(McastControlOp.Leave, group, slot, 0);

    /// <summary>Removes a learnt member that has not reported since <paramref name="notAfter"/> (ns, CLOCK_MONOTONIC).</summary>
    public McastControlResult Expire(Address group, uint slot, ulong notAfter) => Run(McastControlOp.Expire, group, slot, notAfter);

    /// <summary>Removes a slot from every group it is in.</summary>
    public void LeaveAll(uint slot)
    {
        foreach (McastJoinKey key in datapath.Maps.McastJoins.Keys().Where(k => k.Slot == slot).ToArray())
        {
            Leave(key.Group, slot);
        }
    }

    private McastControlResult Run(McastControlOp operation, Address group, uint slot, ulong notAfter, IReadOnlyList<IPAddress>? sources = null)
    {
        var arguments = new McastControlArgs { Op = (uint)operation, Group = group, Slot = slot, NotAfter = notAfter };
        int end = AbiConstants.McastControlOffset + Unsafe.SizeOf<McastControlArgs>();
        Span<byte> packet = stackalloc byte[end + (operation == McastControlOp.JoinSources ? Unsafe.SizeOf<McastSourceList>() : 0)];
        packet.Clear();
        MemoryMarshal.Write(packet[AbiConstants.McastControlOffset..], in arguments);
        if (operation == McastControlOp.JoinSources)
        {
            var list = new McastSourceList { Count = (uint)sources!.Count };
            for (int i = 0; i < sources.Count; i++)
            {
                list.Sources[i] = Address.From(sources[i]);
            }

            MemoryMarshal.Write(packet[end..], in list);
        }

        Span<byte> output = stackalloc byte[packet.Length];
        BpfTestRunResult _ = datapath.Loaded[Program].TestRun(packet, output);
        return (McastControlResult)MemoryMarshal.Read<McastControlArgs>(output[AbiConstants.McastControlOffset..]).Result;
    }
}
