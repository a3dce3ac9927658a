using System.Runtime.InteropServices;
using Waggle.Bpf;
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

    private static void Load(string name, byte value, int except)
    {
        var config = Configs.Tunnel;
        var bytes = MemoryMarshal.AsBytes(new Span<AbiConfig>(ref config));
        bytes[..Switches].Fill(value);
        bytes[except] ^= 1;
        using var o = BpfObject.Open(EmbeddedObjects.Read(name));
        o.SetVariable("config", config);
        o.Load();
    }
}
