using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Startup;
using Waggle.Linux;

namespace Waggle.Agent.Cni;

/// <summary>Answers the native plugin on <c>cni.sock</c>. A call that comes before the agent is ready waits.</summary>
internal sealed partial class CniServer(EndpointManager endpoints, Readiness readiness, ConfigState config, CniMetrics metrics, ILogger<CniServer> logger) : BackgroundService
{
    private const int MaxRequest = 2 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string path = Path.Combine(config.Current["state-dir"], "cni.sock");
        Directory.CreateDirectory(config.Current["state-dir"]);
        File.Delete(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(256);
        while (!stoppingToken.IsCancellationRequested)
        {
            Socket client = await listener.AcceptAsync(stoppingToken).ConfigureAwait(false);
            _ = ServeAsync(client, stoppingToken);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken stopping)
    {
        using (client)
        {
            try
            {
                (byte[] body, FileDescriptor? netns) = await ReceiveAsync(client, stopping).ConfigureAwait(false);
                using (netns)
                {
                    (int code, string output) = await AnswerAsync(body, netns, stopping).ConfigureAwait(false);
                    byte[] text = Encoding.UTF8.GetBytes(output);
                    byte[] frame = new byte[5 + text.Length];
                    BinaryPrimitives.WriteInt32BigEndian(frame, text.Length + 1);
                    frame[4] = (byte)code;
                    text.CopyTo(frame, 5);
                    for (int sent = 0; sent < frame.Length;)
                    {
                        sent += await client.SendAsync(frame.AsMemory(sent), stopping).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or LinuxException or OperationCanceledException or InvalidDataException)
            {
                // The plugin is gone, or the agent stops: the runtime calls again.
                LogBroken(e.Message);
            }
        }
    }

    /// <summary>Length, JSON, and the namespace's descriptor that came with the first byte.</summary>
    private static async Task<(byte[] Body, FileDescriptor? Netns)> ReceiveAsync(Socket client, CancellationToken cancellation)
    {
        byte[] header = new byte[4];
        FileDescriptor? netns = null;
        int got = 0;
        while (got < header.Length)
        {
            DescriptorMessage message = await DescriptorPassing.ReceiveAsync(client, header.AsMemory(got), 1, cancellation).ConfigureAwait(false);
            if (message.Count == 0)
            {
                message.Dispose();
                netns?.Dispose();
                throw new InvalidDataException("the plugin closed the connection");
            }

            got += message.Count;
            netns ??= message.Descriptors.Count > 0 ? message.Descriptors[0] : null;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(header);
        if (length is <= 0 or > MaxRequest)
        {
            netns?.Dispose();
            throw new InvalidDataException($"a request of {length} bytes");
        }

        byte[] body = new byte[length];
        for (int read = 0; read < length;)
        {
            int n = await client.ReceiveAsync(body.AsMemory(read), cancellation).ConfigureAwait(false);
            if (n == 0)
            {
                netns?.Dispose();
                throw new InvalidDataException("the plugin closed the connection");
            }

            read += n;
        }

        return (body, netns);
    }

    private async Task<(int Code, string Output)> AnswerAsync(byte[] body, FileDescriptor? netns, CancellationToken stopping)
    {
        string version = "1.0.0", command = "?";
        long started = Stopwatch.GetTimestamp();
        try
        {
            CniRequest request = CniRequest.Parse(body);
            (version, command) = (request.Config.Version, request.Command);
            string output = await RunAsync(request, netns, stopping).ConfigureAwait(false);
            metrics.Count(command, 0, Stopwatch.GetElapsedTime(started));
            return (0, output);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            CniException error = e as CniException ?? new CniException(
                e is OperationCanceledException ? CniErrorCode.TryAgainLater : CniErrorCode.InputOutput,
                e is OperationCanceledException ? $"the agent could not answer within {Patience.TotalSeconds} s" : "the agent failed",
                e is OperationCanceledException ? $"it is {(readiness.Current.Length > 0 ? readiness.Current : "busy")}; look at: cilium status --verbose" : e.Message, e);
            metrics.Count(command, error.Code, Stopwatch.GetElapsedTime(started));
            LogFailed(command, error.Code, error.Message, error.Details);
            return (1, CniResult.Error(version, error));
        }
    }

    private async Task<string> RunAsync(CniRequest request, FileDescriptor? netns, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Patience);
        if (request.Command == "STATUS")
        {
            return readiness.Endpoints.IsCompleted
                ? ""
                : throw new CniException(CniErrorCode.NotAvailable, "the agent is not ready to add pods", readiness.Current);
        }

        // What was restored must be known before anything is given out.
        await readiness.Endpoints.WaitAsync(limit.Token).ConfigureAwait(false);
        switch (request.Command)
        {
            case "ADD":
                request.CheckAttachment();
                using (NetworkNamespace pod = NetworkNamespace.FromDescriptor(netns?.Duplicate() ?? throw new CniException(CniErrorCode.InvalidEnvironment, "CNI_NETNS came without a namespace", $"CNI_NETNS=\"{request.Netns}\"")))
                {
                    CniResult result = await endpoints.AddAsync(request, pod, limit.Token).ConfigureAwait(false);
                    return result.ToJson(request.Config.Version);
                }

            case "DEL":
                request.CheckAttachment();
                await endpoints.DeleteAsync(request.ContainerId, request.IfName, limit.Token).ConfigureAwait(false);
                return "";
            case "CHECK":
                request.CheckAttachment();
                await endpoints.CheckAsync(request, limit.Token).ConfigureAwait(false);
                return "";
            case "GC":
                await endpoints.CollectAsync(
                    request.Config.ValidAttachments() ?? throw new CniException(CniErrorCode.InvalidConfiguration, "GC needs cni.dev/valid-attachments in the configuration"), limit.Token).ConfigureAwait(false);
                return "";
            default:
                throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_COMMAND {request.Command} is not known");
        }
    }

    [LoggerMessage(1051, LogLevel.Warning, "CNI {Command} failed with code {Code}: {Message} ({Details})")]
    private partial void LogFailed(string command, int code, string message, string details);

    [LoggerMessage(1052, LogLevel.Debug, "CNI connection ended early: {Reason}")]
    private partial void LogBroken(string reason);
}
