using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Wire;

/// <summary>The wire as another implementation of protobuf and gRPC sees it (Debian: protobuf-compiler, python3-protobuf, python3-grpcio).</summary>
public sealed class PythonWitnessTests
{
    [Fact]
    public async Task Observer_AskedByPython_IsUnderstood()
    {
        var directory = await CompileAsync(_ => true);
        try
        {
            var peers = new PeerRegistry();
            peers.Set([new Peer("node-1", "172.18.0.2:4244", Peer.ServerName("default", "node-1"))]);
            await using var server = await TestServer.StartAsync(more: peers.AddTo);
            server.Metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = "web-1", Labels = ["k8s:app=web"] });
            server.Pipeline.OnPacket(Packets.Trace(1_700_000_000_000_000_000), Packets.Tcp("10.0.0.1", "10.0.0.2", destinationPort: 443));
            server.Pipeline.OnPacket(Packets.Trace(1_700_000_001_000_000_000), Packets.Tcp("10.0.0.1", "10.0.0.2", destinationPort: 80));
            await using var tcp = await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server.Server, null, false, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
            var output = await RunAsync("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Wire", "witness.py"), directory, $"127.0.0.1:{tcp.Port}"]);
            Assert.Equal(
                [
                    "health 1",
                    "status 2 255 2",
                    "flow shop web-1 10.0.0.1 10.0.0.2 443 1 FORWARDED TO_ENDPOINT False node-1 1700000000",
                    "error INVALID_ARGUMENT whitelist[0].source_ip: \"nonsense\" is not an IP address or CIDR",
                    "deadline DEADLINE_EXCEEDED",
                    "peer node-1 172.18.0.2:4244 1 node-1.default.hubble-grpc.cilium.io",
                ],
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Reflection_AskedByAClientThatKnowsNothingElse_TeachesTheApi()
    {
        var directory = await CompileAsync(f => f.Contains("/reflection/", StringComparison.Ordinal));
        try
        {
            var peers = new PeerRegistry();
            await using var server = await TestServer.StartAsync(more: peers.AddTo);
            server.Metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = "web-1" });
            server.Pipeline.OnPacket(Packets.Trace(1_700_000_000_000_000_000), Packets.Tcp("10.0.0.1", "10.0.0.2", destinationPort: 443));
            await using var tcp = await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server.Server, null, false, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
            var output = await RunAsync("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Wire", "reflected.py"), directory, $"127.0.0.1:{tcp.Port}"]);
            string[] expected =
            [
                "grpc.health.v1.Health Check Watch",
                "grpc.reflection.v1.ServerReflection ServerReflectionInfo",
                "grpc.reflection.v1alpha.ServerReflection ServerReflectionInfo",
                "observer.Observer GetFlows GetAgentEvents GetDebugEvents GetNodes GetNamespaces ServerStatus",
                "peer.Peer Notify",
                "web-1 443 FORWARDED",
                "flow.Flow ['flow/flow.proto']",
                "flow.Flow.verdict ['flow/flow.proto']",
                "flow.Verdict ['flow/flow.proto']",
                "flow.DROPPED ['flow/flow.proto']",
                "flow.FlowFilter.Experimental ['flow/flow.proto']",
                "flow.Layer4.protocol ['flow/flow.proto']",
                "observer.Observer.GetFlows ['observer/observer.proto']",
                "google.protobuf.Timestamp ['google/protobuf/timestamp.proto']",
                "no.Such 5",
                "5 True 5 flow.Flow 5 3",
            ];
            Assert.Equal([.. expected.Select(l => $"v1 {l}"), .. expected.Select(l => $"v1alpha {l}")], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Python's messages of these definitions, in a directory of their own.</summary>
    private static async Task<string> CompileAsync(Func<string, bool> wanted)
    {
        var directory = Directory.CreateTempSubdirectory("wgt-witness-").FullName;
        var protos = Path.Combine(AppContext.BaseDirectory, "Protos");
        string[] files = [.. Directory.GetFiles(protos, "*.proto", SearchOption.AllDirectories).Where(f => !f.Contains("/waggle/", StringComparison.Ordinal) && wanted(f))];
        await RunAsync("protoc", [$"--proto_path={protos}", $"--python_out={directory}", .. files]);
        return directory;
    }

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["no_proxy"] = "*", ["http_proxy"] = "", ["https_proxy"] = "" } })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await error}");
        return await output;
    }
}
