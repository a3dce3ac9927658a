using System.Diagnostics;
using Waggle.Linux;

namespace Waggle.Bpf.Tests.Support;

/// <summary>
/// An anonymous network namespace with a veth pair "left"/"right", both up, the far end in a second namespace. Set up with
/// ip(8), so that these tests do not lean on our own netlink code. It goes away with the last handle.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    internal TestNetwork()
    {
        Near = NetworkNamespace.Create();
        Far = NetworkNamespace.Create();
        Ip(Near, "link set lo up");
        Ip(Near, $"link add left type veth peer name right netns /proc/{Environment.ProcessId}/fd/{Far.Descriptor.Number}");
        Ip(Near, "link set left address 02:00:00:00:00:01 up");
        Ip(Near, "addr add 192.0.2.1/24 dev left");
        Ip(Far, "link set right address 02:00:00:00:00:02 up");
        Ip(Far, "addr add 192.0.2.2/24 dev right");
        Ip(Near, "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left");
        Ip(Far, "neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev right");
        LeftIndex = Near.Run(() => Index("left"));
        RightIndex = Far.Run(() => Index("right"));
    }

    internal NetworkNamespace Near { get; }

    internal NetworkNamespace Far { get; }

    internal int LeftIndex { get; }

    internal int RightIndex { get; }

    internal static string Ip(NetworkNamespace ns, string arguments) => Run(ns, "ip", arguments);

    internal static string Run(NetworkNamespace ns, string program, string arguments) => ns.Run(() =>
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {arguments}: {error.Result}{output}");
    });

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    private static int Index(string device) =>
        int.Parse(Run("ip", $"-o link show {device}").Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static string Run(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
