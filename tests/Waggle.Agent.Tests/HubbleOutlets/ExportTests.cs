using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waggle.Tests.Shared;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>Exporters as the agent runs them, with real files and real servers at the other end.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-export-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task DynamicExporters_FileThatChanges_IsTakenUpWhole()
    {
        string config = At("flowlogs.yaml");
        await File.WriteAllTextAsync(config, $"flowLogs:\n- name: all\n  filePath: {At("all.log")}\n- name: web\n  filePath: {At("web.log")}\n  includeFilters:\n  - source_pod: [\"shop/web\"]\n");
        await using OutletRig rig = await OutletRig.StartAsync(("hubble-flowlogs-config-path", config));
        await WrittenAsync(rig, "api-1", At("all.log"), "api-1");
        await WrittenAsync(rig, "web-1", At("web.log"), "web-1");
        Assert.DoesNotContain(await OutletRig.LinesAsync(At("web.log")), l => l.Contains("\"pod_name\":\"api-1\"", StringComparison.Ordinal));

        // A bad entry spoils the whole file; a good file makes one go, one stay and one come.
        await File.WriteAllTextAsync(config, $"flowLogs:\n- name: bad\n  filePath: relative.log\n- name: new\n  filePath: {At("new.log")}\n");
        await WrittenAsync(rig, "after-bad", At("all.log"), "after-bad");
        Assert.False(File.Exists(At("new.log")));
        await File.WriteAllTextAsync(config, $"flowLogs:\n- name: all\n  filePath: {At("all.log")}\n- name: new\n  filePath: {At("new.log")}\n");
        await WrittenAsync(rig, "after-good", At("new.log"), "after-good");
        await WrittenAsync(rig, "web-last", At("all.log"), "web-last");
        Assert.DoesNotContain(await OutletRig.LinesAsync(At("web.log")), l => l.Contains("web-last", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SyslogOverTls_GetsFlows_AndAgainAfterTheServerCameBack()
    {
        using var authority = new TestPki();
        using X509Certificate2 certificate = authority.Issue("localhost");
        await File.WriteAllTextAsync(At("ca.pem"), authority.Pem);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using OutletRig rig = await OutletRig.StartAsync(("hubble-export-file-path", $"syslog+tls://localhost:{port}?ca={Uri.EscapeDataString(At("ca.pem"))}"));
        foreach (string pod in (string[])["first-1", "second-1"])
        {
            using var stop = new CancellationTokenSource();
            Task writing = WriteUntilAsync(rig, pod, stop.Token);
            string message = await ReceiveAsync(listener, certificate, pod);
            await stop.CancelAsync();
            await writing;
            Assert.Matches("^<134>1 [0-9T:.-]+Z default/node0|^<134>1 [0-9T:.-]+Z node0", message);
            Assert.Contains($"\"pod_name\":\"{pod}\"", message.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SyslogServerThatReadsNothing_LosesItsOwnFlowsOnly_AndNobodyWaits()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Server.ReceiveBufferSize = 4096;
        listener.Start();
        await File.WriteAllTextAsync(At("flowlogs.yaml"), $"flowLogs:\n- name: stuck\n  filePath: syslog+tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}\n- name: file\n  filePath: {At("all.log")}\n");
        await using OutletRig rig = await OutletRig.StartAsync(("hubble-flowlogs-config-path", At("flowlogs.yaml")), ("hubble-event-queue-size", "1024"));
        await WrittenAsync(rig, "before", At("all.log"), "before");

        // Each of these writes is done by the datapath's reader: none of them may wait for the server.
        long stuck = 0;
        await OutletRig.UntilAsync(
            () =>
            {
                for (int i = 0; i < 500; i++)
                {
                    rig.Write("flood");
                }

                return Task.FromResult(stuck = rig.Exported("stuck", "lost") + rig.Exported("stuck", "failed"));
            },
            lost => lost > 0, "what the server does not take is counted");
        await WrittenAsync(rig, "meanwhile", At("all.log"), "meanwhile");
        Assert.Equal(0, rig.Exported("file", "failed"));

        // It reads again: the newest flows come.
        using var stop = new CancellationTokenSource();
        Task writing = WriteUntilAsync(rig, "afterwards", stop.Token);
        await ReadUntilAsync(listener, "afterwards");
        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Otlp_CollectorThatIsBusyAtFirst_GetsFlowsAsLogs()
    {
        await using Collector collector = await Collector.StartAsync();
        collector.Status = 503;
        await using OutletRig rig = await OutletRig.StartAsync(("hubble-export-file-path", $"otlp+http://127.0.0.1:{collector.Port}"));
        await OutletRig.UntilAsync(() => { rig.Write("lost-1"); return Task.FromResult(collector.Refused); }, refused => refused > 0, "the collector is asked");
        collector.Status = 200;
        await OutletRig.UntilAsync(
            () => { rig.Write("kept-1"); return Task.FromResult(collector.Bodies); },
            bodies => bodies.Any(b => b.Contains("\"pod_name\":\"kept-1\"", StringComparison.Ordinal) && b.Contains("k8s.node.name", StringComparison.Ordinal)), "the collector gets flows");
    }

    /// <summary>Puts flows of a pod in until one of them lies in the file.</summary>
    private static Task WrittenAsync(OutletRig rig, string pod, string file, string text) => OutletRig.UntilAsync(
        () => { rig.Write(pod); return OutletRig.LinesAsync(file); },
        lines => lines.Any(l => l.Contains(text, StringComparison.Ordinal)), $"{Path.GetFileName(file)} has {text}");

    /// <summary>Accepts connections, and reads all that comes on any of them, until a text comes.</summary>
    private static async Task ReadUntilAsync(TcpListener listener, string wanted)
    {
        using var limit = new CancellationTokenSource(OutletRig.Patience);
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task accepting = AcceptAsync();
        await found.Task.WaitAsync(limit.Token);
        await limit.CancelAsync();
        await accepting;

        async Task AcceptAsync()
        {
            var readers = new List<Task>();
            try
            {
                while (true)
                {
                    Socket socket = await listener.AcceptSocketAsync(limit.Token);
                    readers.Add(ReadAsync(socket));
                }
            }
            catch (OperationCanceledException)
            {
            }

            await Task.WhenAll(readers);
        }

        async Task ReadAsync(Socket socket)
        {
            using (socket)
            {
                byte[] buffer = new byte[64 * 1024];
                int kept = 0;
                try
                {
                    while (await socket.ReceiveAsync(buffer.AsMemory(kept), limit.Token) is > 0 and var count)
                    {
                        if (buffer.AsSpan(0, kept + count).IndexOf(Encoding.ASCII.GetBytes(wanted)) >= 0)
                        {
                            found.TrySetResult();
                        }

                        // The text may lie across two reads.
                        int rest = Math.Min(wanted.Length, kept + count);
                        buffer.AsSpan(kept + count - rest, rest).CopyTo(buffer);
                        kept = rest;
                    }
                }
                catch (Exception over) when (over is OperationCanceledException or SocketException)
                {
                }
            }
        }
    }

    private static async Task WriteUntilAsync(OutletRig rig, string pod, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            rig.Write(pod);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Accepts one connection and reads until a message has a text; then the connection is closed.</summary>
    private static async Task<string> ReceiveAsync(TcpListener listener, X509Certificate2 certificate, string wanted)
    {
        using var limit = new CancellationTokenSource(OutletRig.Patience);
        using Socket socket = await listener.AcceptSocketAsync(limit.Token);
        await using var stream = new SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, limit.Token);
        while (true)
        {
            int length = 0;
            byte[] one = new byte[1];
            while (one[0] != ' ')
            {
                length = one[0] == 0 ? 0 : length * 10 + one[0] - '0';
                await stream.ReadExactlyAsync(one, limit.Token);
            }

            byte[] message = new byte[length];
            await stream.ReadExactlyAsync(message, limit.Token);
            if (Encoding.UTF8.GetString(message) is var text && text.Contains(wanted, StringComparison.Ordinal))
            {
                return text;
            }
        }
    }
}
