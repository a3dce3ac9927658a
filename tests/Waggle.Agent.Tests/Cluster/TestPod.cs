using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Linux;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>A pod: a network namespace that the plugin attaches.</summary>
internal sealed class TestPod(TestNode node, string name, Sandbox sandbox) : IDisposable
{
    public string Name => name;

    public string Namespace { get; init; } = "default";

    public TestNode Node => node;

    public string ContainerId { get; init; } = Guid.NewGuid().ToString("N");

    public string Ip { get; private set; } = "";

    public string Ip6 { get; private set; } = "";

    public NetworkNamespace Network => sandbox.Network;

    public string NetnsPath => sandbox.NetnsPath;

    public async Task AddAsync()
    {
        (int code, JsonNode? result) = await CniAsync("ADD");
        if (code != 0)
        {
            throw new InvalidOperationException($"ADD of {name}: {result?.ToJsonString()}\n{node.Log}");
        }

        string[] addresses = [.. result!["ips"]!.AsArray().Select(i => ((string)i!["address"]!).Split('/')[0])];
        Ip = addresses.FirstOrDefault(a => a.Contains('.')) ?? "";
        Ip6 = addresses.FirstOrDefault(a => a.Contains(':')) ?? "";
    }

    public async Task<(int Code, JsonNode? Output)> CniAsync(string command, string timeout = "30")
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "waggle-cni")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = ContainerId;
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_NETNS"] = sandbox.NetnsPath;
        start.Environment["CNI_ARGS"] = name.Length == 0 ? "" : $"IgnoreUnknown=1;K8S_POD_NAMESPACE={Namespace};K8S_POD_NAME={name}";
        start.Environment["WAGGLE_CNI_SOCKET"] = node.CniSocket;
        start.Environment["WAGGLE_CNI_TIMEOUT"] = timeout;
        using Process process = Process.Start(start)!;
        await process.StandardInput.WriteAsync("""{"cniVersion":"1.0.0","name":"cilium","type":"cilium-cni"}""");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.Length == 0 ? null : JsonNode.Parse(output));
    }

    public Task<(int Code, string Output)> RunAsync(string line, TimeSpan? limit = null) => sandbox.RunAsync(line, limit);

    public Process Start(string program, params string[] arguments) => sandbox.Start(program, arguments);

    public void Dispose() => sandbox.Dispose();
}
