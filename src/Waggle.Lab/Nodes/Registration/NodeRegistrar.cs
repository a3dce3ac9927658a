using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Cni;

namespace Waggle.Lab.Nodes.Registration;

/// <summary>Registers a node with the API, keeps its status true and its lease renewed.</summary>
internal sealed partial class NodeRegistrar(KubeClient client, NodeOptions options, CniNetwork network, TimeProvider time, ILogger logger) : IDisposable
{
    private const string LeaseNamespace = "kube-node-lease";

    private const int LeaseSeconds = 40;

    private static readonly TimeSpan Renew = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the API has the node's true status.</summary>
    public Task Reported => _reported.Task;

    /// <summary>Registers and keeps going until cancelled; a lost API server is waited for.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        network.Changed += Wake;
        try
        {
            await UntilDoneAsync(RegisterAsync, cancellation).ConfigureAwait(false);
            await Task.WhenAll(ReportAsync(cancellation), RenewAsync(cancellation)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
        finally
        {
            network.Changed -= Wake;
        }
    }

    public void Dispose() => _wake.Dispose();

    private void Wake() => _wake.Release();

    private async Task UntilDoneAsync(Func<CancellationToken, Task> action, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await action(cancellation).ConfigureAwait(false);
                return;
            }
            catch (KubeApiException e)
            {
                LogRetry(options.Name, e.Message);
            }
            await Task.Delay(Retry, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        Dictionary<string, string> labels = NodeFacts.Labels(options);
        if (await client.TryGetAsync(KubeTypes.Nodes, null, options.Name, cancellation).ConfigureAwait(false) is null)
        {
            var node = new Node
            {
                Metadata = new ObjectMeta { Name = options.Name, Labels = labels },
                Spec = new NodeSpec { Taints = NodeFacts.Taints(options), ProviderId = $"waggle://lab/{options.Name}" },
                Status = NodeFacts.Status(options, network.Current is not null, time.GetUtcNow(), null),
            };
            try
            {
                _ = await client.CreateAsync(KubeTypes.Nodes, node, cancellation: cancellation).ConfigureAwait(false);
                return;
            }
            catch (KubeApiException e) when (e.IsAlreadyExists)
            {
                // Someone else registered it in between.
            }
        }
        var wanted = new JsonObject();
        foreach ((string key, string value) in labels)
            wanted[key] = value;
        _ = await client.PatchAsync(KubeTypes.Nodes, null, options.Name, KubePatch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = wanted } }), cancellation: cancellation).ConfigureAwait(false);
    }

    private async Task ReportAsync(CancellationToken cancellation)
    {
        (bool Ready, DateTimeOffset Since)? before = null;
        while (true)
        {
            bool ready = network.Current is not null;
            DateTimeOffset now = time.GetUtcNow();
            DateTimeOffset since = before is { } known && known.Ready == ready ? known.Since : now;
            await UntilDoneAsync(c => PatchStatusAsync(ready, now, since, c), cancellation).ConfigureAwait(false);
            before = (ready, since);
            _reported.TrySetResult();
            _ = await _wake.WaitAsync(Heartbeat, cancellation).ConfigureAwait(false);
        }
    }

    private async Task PatchStatusAsync(bool ready, DateTimeOffset now, DateTimeOffset since, CancellationToken cancellation)
    {
        JsonObject status = KubeJson.ToJson(NodeFacts.Status(options, ready, now, since));
        // Addresses merge by their type, too, and a node of both families has two of one: replaced as a whole, as kubelets do it.
        status["addresses"]!.AsArray().Insert(0, new JsonObject { ["$patch"] = "replace" });
        try
        {
            // Conditions merge by their type: the network's own ones belong to others.
            _ = await client.PatchAsync(KubeTypes.Nodes, null, options.Name, KubePatch.Strategic(new JsonObject { ["status"] = status }), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            await RegisterAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await UntilDoneAsync(RenewOnceAsync, cancellation).ConfigureAwait(false);
            await Task.Delay(Renew, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task RenewOnceAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        var patch = new JsonObject { ["spec"] = new JsonObject { ["renewTime"] = now.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture) } };
        try
        {
            _ = await client.PatchAsync(KubeTypes.Leases, LeaseNamespace, options.Name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            _ = await client.CreateAsync(KubeTypes.Leases, new Lease
            {
                Metadata = new ObjectMeta { Namespace = LeaseNamespace, Name = options.Name },
                Spec = new LeaseSpec { HolderIdentity = options.Name, LeaseDurationSeconds = LeaseSeconds, RenewTime = now },
            }, cancellation: cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(3321, LogLevel.Information, "node {Node}: API not reached, will retry: {Reason}")]
    private partial void LogRetry(string node, string reason);
}
