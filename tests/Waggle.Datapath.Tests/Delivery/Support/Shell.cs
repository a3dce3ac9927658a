using System.Diagnostics;
using Waggle.Linux;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>ip(8) and /proc inside a namespace: how the tests build their network, apart from our own netlink code.</summary>
internal static class Shell
{
    /// <summary>Runs lines of ip(8) commands in one batch.</summary>
    public static void Ip(NetworkNamespace ns, params string[] lines) => ns.Run(() =>
    {
        using var process = Process.Start(new ProcessStartInfo("ip", "-batch -") { RedirectStandardInput = true, RedirectStandardError = true })!;
        foreach (var line in lines)
        {
            process.StandardInput.WriteLine(line);
        }

        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip -batch: {error}\n{string.Join('\n', lines)}");
    });

    public static void Sysctl(NetworkNamespace ns, params (string Name, string Value)[] settings) => ns.Run(() =>
    {
        foreach (var (name, value) in settings)
        {
            File.WriteAllText($"/proc/sys/{name}", value);
        }
    });

    public static int Ifindex(NetworkNamespace ns, string device) => ns.Run(() =>
        int.Parse(Field(device, "ifindex"), System.Globalization.CultureInfo.InvariantCulture));

    public static byte[] MacOf(NetworkNamespace ns, string device) => ns.Run(() =>
        Convert.FromHexString(Field(device, "address").Replace(":", "", StringComparison.Ordinal)));

    // /sys shows the namespace it was mounted in; ip(8) asks the kernel about ours.
    private static string Field(string device, string field)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", $"-j link show dev {device}") { RedirectStandardOutput = true })!;
        var json = System.Text.Json.Nodes.JsonNode.Parse(process.StandardOutput.ReadToEnd())!;
        process.WaitForExit();
        return json[0]![field]!.ToString();
    }

    /// <summary>A path that names the namespace for ip(8)'s "netns" argument.</summary>
    public static string PathOf(NetworkNamespace ns) => $"/proc/{Environment.ProcessId}/fd/{ns.Descriptor.Number}";
}
