using System.Net;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary>Changes memberships through the datapath's own program: only BPF writes those rows, so snooping and commands cannot collide.</summary>
internal static class MulticastControl
{
    private const string Program = "mcast_control";

    public static McastControlResult Run(NodeMaps maps, McastControlOp operation, IPAddress group, uint slot)
    {
        using var program = maps.OpenProgram(Program);
        var offset = AbiConstants.McastControlOffset;
        var arguments = new McastControlArgs { Op = (uint)operation, Group = Address.From(group), Slot = slot };
        var packet = new byte[offset + Marshal.SizeOf<McastControlArgs>()];
        MemoryMarshal.Write(packet.AsSpan(offset), in arguments);
        var answer = new byte[packet.Length];
        program.TestRun(packet, answer);
        return (McastControlResult)MemoryMarshal.Read<McastControlArgs>(answer.AsSpan(offset)).Result;
    }
}
