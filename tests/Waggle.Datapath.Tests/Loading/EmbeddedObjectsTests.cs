using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Tests.Loading;

/// <summary>The product's own objects: they load with everything on and with everything off, and fit the catalogue.</summary>
public sealed class EmbeddedObjectsTests : IDisposable
{
    /// <summary>The verifier refuses beyond 1,000,000; half of it leaves room for older kernels, which prune less.</summary>
    private const uint VerifierBudget = 500_000;

    private readonly LoaderFixture fixture = new();

    public static TheoryData<string, DatapathConfig> Configurations => new()
    {
        { "all off", new DatapathConfig { IPv4Enabled = false, SourceCheck = false, RedirectPeer = false, FibRedirect = false, CheckTunnelSource = false, PathMtuCheck = false, EventRate = 0 } },
        { "all on, tunnel", AllOn(RoutingMode.Tunnel) },
        { "all on, native", AllOn(RoutingMode.Native) },
    };

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Load_EveryObject_WithinTheVerifierBudget(string name, DatapathConfig config)
    {
        using var loaded = Load(config);
        Assert.NotEmpty(loaded.ProgramNames);
        foreach (var program in loaded.ProgramNames)
        {
            var verified = loaded[program].GetInfo().VerifiedInstructions;
            Assert.True(verified <= VerifierBudget, $"{name}: the verifier walked {verified} instructions of {program}");
            TestContext.Current.SendDiagnosticMessage($"{name}: {program}: {loaded[program].GetInfo().InstructionCount} instructions, {verified} verified");
        }
    }

    [Fact]
    public void Catalogue_IsExactlyWhatTheObjectsPin()
    {
        var pinned = new HashSet<string>();
        foreach (var name in EmbeddedObjects.Names)
        {
            using var o = BpfObject.Open(EmbeddedObjects.Read(name));
            pinned.UnionWith(o.Maps.Where(m => m.PinByName).Select(m => m.Name));
        }

        Assert.Equal(pinned.Order(), MapCatalogue.All.Select(m => m.Name).Order());
    }

    [Fact]
    public void Maps_EveryTypedView_OpensFromThePins()
    {
        using var loaded = Load(new DatapathConfig());
        using var maps = DatapathMaps.OpenPinned(fixture.Paths, readOnly: true);
        foreach (var property in typeof(DatapathMaps).GetProperties())
        {
            Assert.NotNull(property.GetValue(maps));
        }
    }

    [Fact]
    public void Maps_NothingLoaded_SaysSo()
    {
        using var maps = DatapathMaps.OpenPinned(fixture.Paths);
        Assert.Contains("no agent has loaded the datapath", Assert.Throws<BpfException>(() => maps.Nodes).Message);
    }

    [Fact]
    public void Read_UnknownObject_ListsTheKnown() =>
        Assert.Contains("pod", Assert.Throws<KeyNotFoundException>(() => EmbeddedObjects.Read("nothing")).Message);

    public void Dispose() => fixture.Dispose();

    private LoadedDatapath Load(DatapathConfig config) =>
        new DatapathLoader(new DatapathLoaderOptions { Paths = fixture.Paths }, NullLogger<DatapathLoader>.Instance).Load(config);

    private static DatapathConfig AllOn(RoutingMode mode) => new()
    {
        IPv6Enabled = true,
        RoutingMode = mode,
        MasqueradeIPv4 = true,
        MasqueradeIPv6 = true,
        MasqueradeToNodes = true,
        MulticastEnabled = true,
        OverlayIfindex = 3,
        HostIfindex = 4,
        UplinkIfindex = 5,
        HostMac = new PhysicalAddress([2, 0, 0, 0, 0, 1]),
        RouterIPv4 = IPAddress.Parse("10.0.1.1"),
        RouterIPv6 = IPAddress.Parse("fd00::1"),
        MasqueradeAddressIPv4 = IPAddress.Parse("172.18.0.2"),
        MasqueradeAddressIPv6 = IPAddress.Parse("fc00::2"),
        NativeCidrIPv4 = IPNetwork.Parse("10.0.0.0/8"),
        NativeCidrIPv6 = IPNetwork.Parse("fd00::/104"),
        TracePoints = Enum.GetValues<TracePoint>(),
    };
}
