using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Nodes.Probes;

/// <summary>Runs single health checks. Connections start in the node's network namespace, as a kubelet's do.</summary>
internal sealed class ProbeExecutor : IDisposable
{
    private readonly NodeHolder _holder;
    private readonly NetworkNamespace _network;
    private readonly HttpClient _http;

    public ProbeExecutor(NodeHolder holder)
    {
        _holder = holder;
        _network = NetworkNamespace.Open(holder.NetworkPath);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) => new NetworkStream(await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false), ownsSocket: true),
            PooledConnectionLifetime = TimeSpan.Zero,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = 64 * 1024,
        };
    }

    /// <summary>Null when healthy, else what is wrong.</summary>
    /// <param name="target">What to check.</param>
    /// <param name="check">The check.</param>
    /// <param name="timeout">After this it has failed.</param>
    /// <param name="cancellation">Ends it without a result.</param>
    public async Task<string?> CheckAsync(ProbeTarget target, ProbeCheck check, TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            if (check.Exec is { } exec)
                return await ExecAsync(target, exec, limit.Token).ConfigureAwait(false);
            if (check.HttpGet is { } http)
                return await HttpAsync(target, http, limit.Token).ConfigureAwait(false);
            if (check.TcpSocket is { } tcp)
                return await TcpAsync(target, tcp, limit.Token).ConfigureAwait(false);
            if (check.Grpc is not null)
                return "a lab knows no gRPC health checks: use exec, httpGet or tcpSocket";
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return check.Exec is null ? "context deadline exceeded" : $"command timed out: \"{string.Join(' ', check.Exec.Command)}\" timed out after {timeout.TotalSeconds:0}s";
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or LaunchException or IOException or FormatException or LinuxException)
        {
            return e.InnerException is SocketException inner ? $"{What(target, check)}: {inner.Message}" : $"{What(target, check)}: {e.Message}";
        }
    }

    private static string What(ProbeTarget target, ProbeCheck check) =>
        check.HttpGet is { } http ? $"Get {http.Host ?? target.Address}:{http.Port}{http.Path}" : check.TcpSocket is { } tcp ? $"connect to {tcp.Host ?? target.Address}:{tcp.Port}" : "exec";

    public void Dispose()
    {
        _http.Dispose();
        _network.Dispose();
    }

    private async Task<string?> ExecAsync(ProbeTarget target, ExecAction exec, CancellationToken cancellation)
    {
        var streams = new ProcessStreams(stdin: false, stdout: true, stderr: true);
        ProcessSpec process = target.Process with { Arguments = exec.Command, Terminal = false };
        using LaunchedProcess running = await _holder.Launcher.ExecAsync(target.Pid, target.Cgroup, process, streams, cancellation).ConfigureAwait(false);
        Task<string> output = NodeLauncher.ReadAsync(running.Stdout!, cancellation), errors = NodeLauncher.ReadAsync(running.Stderr!, cancellation);
        ProcessExit exit = await running.Exited.WaitAsync(cancellation).ConfigureAwait(false);
        if (exit.Code == 0)
            return null;
        string text = $"{await output.ConfigureAwait(false)}{await errors.ConfigureAwait(false)}".Trim();
        return text.Length == 0 ? $"command exited with code {exit.Code}" : text[..Math.Min(text.Length, 500)];
    }

    private async Task<string?> HttpAsync(ProbeTarget target, HttpGetAction action, CancellationToken cancellation)
    {
        string host = action.Host is { Length: > 0 } given ? given : target.Address;
        string scheme = string.Equals(action.Scheme, "HTTPS", StringComparison.OrdinalIgnoreCase) ? "https" : "http";
        string path = action.Path is { Length: > 0 } text ? text : "/";
        var address = new Uri($"{scheme}://{(host.Contains(':') ? $"[{host}]" : host)}:{target.Port(action.Port)}{(path[0] == '/' ? path : "/" + path)}");
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("kube-probe", "1.32"));
        foreach (NameValue header in action.HttpHeaders)
        {
            if (header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                request.Headers.Host = header.Value;
            else
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        int code = (int)response.StatusCode;
        return code is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {code}";
    }

    private async Task<string?> TcpAsync(ProbeTarget target, TcpSocketAction action, CancellationToken cancellation)
    {
        using Socket socket = await ConnectAsync(action.Host is { Length: > 0 } host ? host : target.Address, target.Port(action.Port), cancellation).ConfigureAwait(false);
        return null;
    }

    private async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        // Names would be looked up on the machine, where pods' names mean nothing.
        IPAddress address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out IPAddress? parsed) ? parsed : throw new FormatException($"probes need an address as host, not '{host}'");
        Socket socket = _network.CreateSocket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellation).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
