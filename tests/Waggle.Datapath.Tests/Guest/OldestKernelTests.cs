using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Waggle.Datapath.Tests.Guest;

/// <summary>
/// The datapath on the oldest kernel it supports, Linux 6.1: all objects through the real loader, one packet test of every hook, and real
/// packets between network namespaces with clsact filters (that kernel has no tcx). The tests are those of this program itself, run
/// once more inside a virtual machine.
/// </summary>
public sealed partial class OldestKernelTests
{
    private const string Series = "6.1";

    /// <summary>Booting takes about 10 s, the tests 30; a loaded machine takes several times that.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    private static readonly string[] s_selection =
    [
        "*.EmbeddedObjectsTests.Load_EveryObject_WithinTheVerifierBudget",
        "*.DatapathLoaderTests.Load_Again_AdoptsMapsAndReplacesThePinnedProgram",
        "*.MapVersionTests.Load_NextVersionWithAConversion_ConvertsRowsUnderANewPin",
        "*.AttachmentsTests.Attach_Clsact_IsWhatTcShows",
        "*.ClsactCaptureTests.Forwarder_ThatKeepsPackets_IsAskedAfterwards_AlsoWhenItWasReplaced",
        "*.PodForwardTests.Pod_Ttl_ExceededIsAnswered",
        "*.PodMulticastTests.Pod_Multicast_SourceFilterDecides",
        "*.ConnectionTests.Fragments_FollowTheFirstOnesPorts",
        "*.PolicyTests.Reply_Passes_WhateverItsOwnDirectionSays",
        "*.VerifierTests.Verifier_EverythingOn_AcceptedWithEveryChoice",
        "*.PolicyTests.Ports_LongestPrefixDecides",
        "*.PolicyChangeTests.Cut_EndsBothDirections_WhoeverSendsFirst",
        "*.HostTests.Host_LocalPod_DeliveredWithTtlOfTheStack",
        "*.UnicastTests.Delivery_SameNode_Tcp",
        "*.UnicastTests.Delivery_OtherNode_Tcp",
        "*.MulticastTests.Delivery_Multicast_EveryMemberExactlyOnce",
    ];

    [Fact]
    public async Task Datapath_OnLinux61_LoadsAttachesAndForwards()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("WAGGLE_GUEST") is not null, "this is the guest");
        var kernel = await GuestKernel.GetAsync(Series, Cache, TestContext.Current.CancellationToken);
        var runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string[] command = ["/usr/bin/env", $"DOTNET_ROOT={runtime}", "DOTNET_TieredPGO=0", "DOTNET_gcServer=0", Environment.ProcessPath!, "-noColor", "-noLogo", "-parallel", "none", .. s_selection.SelectMany(m => new[] { "-method", m })];
        var result = await GuestMachine.RunAsync(kernel, s_limit, TestContext.Current.CancellationToken, command);

        Assert.True(result.ExitCode == 0, $"the tests in the guest ended with {result.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}; its console:\n{result.Output}");
        var total = Total().Match(result.Output);
        Assert.True(total.Success, result.Output);
        Assert.InRange(int.Parse(total.Groups[1].Value, CultureInfo.InvariantCulture), s_selection.Length, int.MaxValue);
        Assert.Equal(("0", "0", "0"), (total.Groups[2].Value, total.Groups[3].Value, total.Groups[4].Value));
        TestContext.Current.SendDiagnosticMessage(total.Value);
    }

    private static string Cache
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Waggle.slnx")))
            {
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests must run from inside a checkout");
            }

            return Path.Combine(folder, "artifacts", "guest");
        }
    }

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+)")]
    private static partial Regex Total();
}
