using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>log, exec, attach and port-forward: finds the node of the pod and joins its runtime with the client.</summary>
internal sealed class PodStreams(ApiServerRuntime runtime)
{
    public StoredObject Pod(ApiRequest request) =>
        runtime.Store.Snapshot("pods").Find(StoredObject.KeyOf(request.Namespace, request.Name!)) ?? throw ApiException.NotFound(request.Resource, request.Name!);

    public async Task LogAsync(ApiRequest request)
    {
        var (pod, node) = Locate(request);
        var container = Container(pod, request);
        var options = new LogOptions(
            request.Flag("follow"),
            request.Flag("previous"),
            request.Flag("timestamps"),
            (int?)request.QueryInt("tailLines"),
            (int?)request.QueryInt("sinceSeconds"),
            request.Query("sinceTime") is { Length: > 0 } since ? J.ParseTime(since) ?? throw ApiException.BadRequest($"sinceTime must be an RFC 3339 time, not \"{since}\"") : null,
            request.QueryInt("limitBytes"));
        request.Http.Response.ContentType = "text/plain";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, runtime.Stopping);
        await node.ReadLogsAsync(container, options, request.Http.Response.Body, stop.Token);
    }

    public Task ExecAsync(ApiRequest request)
    {
        var command = request.QueryAll("command").ToList();
        if (command.Count == 0)
        {
            throw ApiException.BadRequest("you must specify at least 1 command for the container");
        }
        var (stdin, stdout, stderr, tty) = Wanted(request, defaultOutput: false);
        return StreamAsync(request, (node, container, cancellation) => node.ExecAsync(container, new ExecOptions(command, stdin, stdout, stderr && !tty, tty), cancellation));
    }

    public Task AttachAsync(ApiRequest request)
    {
        var (stdin, stdout, stderr, tty) = Wanted(request, defaultOutput: true);
        return StreamAsync(request, (node, container, cancellation) => node.AttachAsync(container, new AttachOptions(stdin, stdout, stderr && !tty, tty), cancellation));
    }

    public Task PortForwardAsync(ApiRequest request)
    {
        var (_, node) = Locate(request);
        return PortForward.RunAsync(request, node, runtime.Stopping);
    }

    private async Task StreamAsync(ApiRequest request, Func<INodeRuntime, ContainerRef, CancellationToken, Task<IContainerSession>> start)
    {
        var (pod, node) = Locate(request);
        var container = Container(pod, request);
        var webSocket = request.Http.WebSockets.IsWebSocketRequest;
        var upgrade = request.Http.Features.Get<IHttpUpgradeFeature>();
        var spdy = upgrade is { IsUpgradableRequest: true } && SpdyUpgrade.IsRequested(request.Http);
        if (!webSocket && !spdy)
        {
            throw ApiException.BadRequest("Upgrade request required");
        }
        var protocol = webSocket ? WebSocketChannels.Protocols.FirstOrDefault(p => request.Http.WebSockets.WebSocketRequestedProtocols.Contains(p)) : SpdyUpgrade.Protocol(request.Http, SpdyChannels.Protocols);
        if (protocol is null)
        {
            throw ApiException.BadRequest($"none of the requested stream protocols is supported; supported: {string.Join(", ", webSocket ? WebSocketChannels.Protocols : SpdyChannels.Protocols)}");
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, runtime.Stopping);
        // The command is started first: what goes wrong there is answered as a plain error, before the connection changes its protocol.
        await using var session = await start(node, container, stop.Token);
        await using IClientChannels client = webSocket
            ? new WebSocketChannels(await request.Http.WebSockets.AcceptWebSocketAsync(protocol), protocol[1] == '5')
            : await SpdyChannels.AcceptAsync(request, protocol, ExpectedStreams(request), stop.Token);
        if (webSocket)
        {
            // Tells the client that the streams are open, also when the command says nothing.
            await client.WriteAsync(request.Flag("stdout") ? Channel.Stdout : request.Flag("stderr") ? Channel.Stderr : Channel.Error, default, stop.Token);
        }
        await ExecBridge.RunAsync(session, client, request.Flag("tty"), stop.Token);
    }

    private static HashSet<string> ExpectedStreams(ApiRequest request)
    {
        var expected = new HashSet<string> { "error" };
        foreach (var name in (ReadOnlySpan<string>)["stdin", "stdout", "stderr"])
        {
            if (request.Flag(name) && !(name == "stderr" && request.Flag("tty")))
            {
                expected.Add(name);
            }
        }
        if (request.Flag("tty"))
        {
            expected.Add("resize");
        }
        return expected;
    }

    private static (bool Stdin, bool Stdout, bool Stderr, bool Tty) Wanted(ApiRequest request, bool defaultOutput)
    {
        var stdin = request.Flag("stdin");
        var stdout = request.Flag("stdout") || (defaultOutput && request.Query("stdout") is null);
        var stderr = request.Flag("stderr") || (defaultOutput && request.Query("stderr") is null);
        if (!stdin && !stdout && !stderr)
        {
            throw ApiException.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
        }
        return (stdin, stdout, stderr, request.Flag("tty"));
    }

    private (StoredObject Pod, INodeRuntime Node) Locate(ApiRequest request)
    {
        var pod = Pod(request);
        if (J.Text(J.At(pod.Tree, "spec", "nodeName")) is not { Length: > 0 } name)
        {
            throw ApiException.BadRequest($"pod {request.Name} does not have a host assigned");
        }
        var node = runtime.Options.Nodes?.Find(name) ?? throw ApiException.Unavailable($"the node runtime of {name} cannot be reached");
        return (pod, node);
    }

    /// <summary>The container asked for, the only one, or the one the pod's annotation names.</summary>
    private static ContainerRef Container(StoredObject pod, ApiRequest request)
    {
        var spec = J.Obj(pod.Tree, "spec");
        var regular = (J.Arr(spec, "containers") ?? []).Select(c => J.Str(c, "name")!).ToList();
        var name = request.Query("container");
        if (string.IsNullOrEmpty(name))
        {
            name = regular.Count == 1 ? regular[0] : J.Text(J.At(pod.Tree, "metadata", "annotations", "kubectl.kubernetes.io/default-container"));
            if (name is null)
            {
                throw ApiException.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', regular)}]");
            }
        }
        var all = regular.Concat(Names(spec, "initContainers")).Concat(Names(spec, "ephemeralContainers"));
        if (!all.Contains(name))
        {
            throw ApiException.BadRequest($"container {name} is not valid for pod {pod.Name}");
        }
        return new ContainerRef(pod.Namespace, pod.Name, name);
    }

    private static IEnumerable<string> Names(JsonNode? spec, string list) => (J.Arr(spec, list) ?? []).Select(c => J.Str(c, "name")!);
}
