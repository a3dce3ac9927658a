using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Linux;

namespace Waggle.Netlink.Tests;

/// <summary>A throw-away namespace with a connection to it, and iproute2 as a witness that is not our code.</summary>
internal sealed class TestNamespace : IAsyncDisposable
{
    private TestNamespace(NetworkNamespace handle, string name)
    {
        Handle = handle;
        Name = name;
        Rtnl = Rtnl.Open(handle);
    }

    public NetworkNamespace Handle { get; }

    public string Name { get; }

    public Rtnl Rtnl { get; }

    public static TestNamespace Create()
    {
        string name = "wgt-" + Guid.NewGuid().ToString("N")[..10];
        return new TestNamespace(NetworkNamespace.CreateNamed(name), name);
    }

    /// <summary>Creates a veth pair a/b inside, both ends up.</summary>
    public async Task<(Link A, Link B)> VethAsync(string a = "a", string b = "b")
    {
        Link first = await Rtnl.Links.CreateAsync(new VethSpec(a, b) { Up = true, PeerUp = true });
        return (first, await Rtnl.Links.GetAsync(b));
    }

    /// <summary>What <c>ip -j ARGS</c> (or tc, bridge) says inside.</summary>
    public async Task<JsonArray> WitnessAsync(string tool, params string[] arguments)
    {
        string[] where = tool == "bridge" ? ["-n", Name, "-d", "-j"] : ["-n", Name, "-d", "-j"];
        var start = new ProcessStartInfo(tool, [.. where, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {await error}");
        return string.IsNullOrWhiteSpace(output) ? [] : JsonNode.Parse(output)!.AsArray();
    }

    public async ValueTask DisposeAsync()
    {
        await Rtnl.DisposeAsync();
        Handle.Dispose();
        NetworkNamespace.DeleteNamed(Name);
    }
}
