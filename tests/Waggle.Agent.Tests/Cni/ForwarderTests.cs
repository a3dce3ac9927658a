using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Tests.Cni;

/// <summary>The native plugin against a scripted agent.</summary>
public sealed class ForwarderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-").FullName;

    private string SocketPath => Path.Combine(_directory, "cni.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Add_NoAgent_FailsAfterTheBoundWithWhatToLookAt()
    {
        (int code, JsonNode output) = await RunAsync("ADD", "0");
        Assert.Equal(1, code);
        Assert.Equal(11, (int)output["code"]!);
        Assert.Equal("0.4.0", (string?)output["cniVersion"]);
        Assert.Contains("k8s-app=cilium", (string?)output["details"]);
    }

    [Fact]
    public async Task Status_NoAgent_SaysNotAvailableAtOnce()
    {
        (int code, JsonNode output) = await RunAsync("STATUS", "30");
        Assert.Equal((1, 50), (code, (int)output["code"]!));
    }

    [Fact]
    public async Task Add_AgentComesLaterAndDropsTheFirstCall_IsRepeatedUntilAnswered()
    {
        Task<(int, JsonNode)> plugin = RunAsync("ADD", "20");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        using (Socket first = await listener.AcceptAsync(TestContext.Current.CancellationToken))
        {
            await ReadRequestAsync(first); // the agent is killed in the middle of the call
        }

        using Socket second = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        JsonNode request = await ReadRequestAsync(second);
        Assert.Equal("ADD", (string?)request["command"]);
        Assert.Equal("id1", (string?)request["containerId"]);
        Assert.Equal("a\"b\\c\n", (string?)request["args"]);
        Assert.Equal("0.4.0", (string?)JsonNode.Parse((string)request["config"]!)!["cniVersion"]);
        byte[] answer = Encoding.UTF8.GetBytes("""{"ok":true}""");
        byte[] frame = new byte[5 + answer.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, answer.Length + 1);
        answer.CopyTo(frame, 5);
        await second.SendAsync(frame, TestContext.Current.CancellationToken);
        (int code, JsonNode output) = await plugin;
        Assert.Equal(0, code);
        Assert.True((bool)output["ok"]!);
    }

    [Theory]
    [InlineData("HELLO", "id1", 4)]
    [InlineData("ADD", "", 4)]
    public async Task Run_BadEnvironment_SaysWhichVariable(string command, string id, int expected)
    {
        (int code, JsonNode output) = await RunAsync(command, "0", id);
        Assert.Equal((1, expected), (code, (int)output["code"]!));
        Assert.Contains("CNI_", (string?)output["msg"]);
    }

    [Fact]
    public async Task Version_NoAgent_IsAnswered()
    {
        (int code, JsonNode output) = await RunAsync("VERSION", "0");
        Assert.Equal(0, code);
        Assert.Contains("1.1.0", output["supportedVersions"]!.AsArray().Select(v => (string?)v));
    }

    private async Task<(int Code, JsonNode Output)> RunAsync(string command, string timeout, string id = "id1")
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "waggle-cni")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = id;
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_NETNS"] = "/proc/self/ns/net";
        start.Environment["CNI_ARGS"] = "a\"b\\c\n";
        start.Environment["WAGGLE_CNI_SOCKET"] = SocketPath;
        start.Environment["WAGGLE_CNI_TIMEOUT"] = timeout;
        using Process process = Process.Start(start)!;
        await process.StandardInput.WriteAsync("""{"cniVersion": "0.4.0", "name":"x"}""");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, JsonNode.Parse(output)!);
    }

    private static async Task<JsonNode> ReadRequestAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        byte[] header = new byte[4];
        await stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
        byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
        await stream.ReadExactlyAsync(body, TestContext.Current.CancellationToken);
        return JsonNode.Parse(body)!;
    }
}
