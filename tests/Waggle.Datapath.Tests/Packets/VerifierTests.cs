using System.Runtime.InteropServices;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

/// <summary>Every switch alone, on in a node where all else is off and off where all else is on: each leaves other dead code behind.</summary>
public sealed class VerifierTests
{
    /// <summary>The first bytes of struct datapath_config are its switches.</summary>
    private const int Switches = 16;

    public static TheoryData<string> Objects => [.. EmbeddedObjects.Names];

    [Theory]
    [MemberData(nameof(Objects))]
    public void Verifier_EachSwitchAlone_Accepted(string name)
    {
        for (var i = 0; i < Switches; i++)
        {
            Load(name, value: 1, except: i);
            Load(name, value: 0, except: i);
        }
    }

    /// <summary>What needs most: everything on, with every kind of answer to denied packets, and trace points at every level.</summary>
    [Theory]
    [MemberData(nameof(Objects))]
    public void Verifier_EverythingOn_AcceptedWithEveryChoice(string name)
    {
        foreach (var response in Enum.GetValues<DenyResponse>())
        {
            Load(name, 1, -1, Configs.Tunnel with { DenyResponse = (byte)response, TracePoints = 0xfff, TraceAggregation = (byte)response, Debug = 1 });
        }

        Load(name, 1, -1, Configs.Tunnel with { TracePoints = 0xfff, TraceAggregation = (byte)TraceAggregation.Maximum, RoutingMode = (byte)RoutingMode.Native });
    }

    private static void Load(string name, byte value, int except) => Load(name, value, except, Configs.Tunnel);

    private static void Load(string name, byte value, int except, AbiConfig config)
    {
        var bytes = MemoryMarshal.AsBytes(new Span<AbiConfig>(ref config));
        bytes[..Switches].Fill(value);
        if (except >= 0)
        {
            bytes[except] ^= 1;
        }

        using var o = BpfObject.Open(EmbeddedObjects.Read(name));
        o.SetVariable("config", config);
        o.Load();
    }
}
