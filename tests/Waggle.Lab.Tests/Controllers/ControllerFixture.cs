using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Lab.Controllers;
using Waggle.Lab.Tests.ApiServer;
using Waggle.Tests.Shared;

namespace Waggle.Lab.Tests.Controllers;

/// <summary>A real API server with every controller, and nodes whose kubelets only write statuses.</summary>
public sealed class ControllerFixture : IAsyncLifetime
{
    private readonly ServerFixture _server = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public KubeClient Client { get; private set; } = null!;

    /// <summary>Every pod the kubelets know.</summary>
    internal Informer<Pod> Pods { get; private set; } = null!;

    /// <summary>Pods for which this holds never become ready.</summary>
    internal Func<Pod, bool> Broken { get; set; } = pod => pod.Metadata.Labels.ContainsKey("broken");

    /// <summary>Pods for which this holds do not end until it no longer does.</summary>
    internal Func<Pod, bool> Lingers { get; set; } = _ => false;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        var config = KubeConfig.FromFile(_server.Kubeconfig);
        Client = new(config, new() { UserAgent = "tests" });
        Pods = new(Client, KubeTypes.Pods);
        var kubelet = new FakeKubelets(this);
        _running.Add(Pods.RunAsync(_stop.Token));
        _running.Add(new ControllerManager(new KubeClient(config, new() { UserAgent = "controllers" }), NullLoggerFactory.Instance).RunAsync(_stop.Token));
        _running.Add(kubelet.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        Client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    public async Task<string> KubectlAsync(params string[] arguments) => (await _server.KubectlAsync(arguments)).Ok;

    public async Task ApplyAsync(string yaml, string @namespace = "default") => _ = (await _server.KubectlWithInputAsync(yaml, "apply", "-n", @namespace, "-f", "-")).Ok;

    /// <summary>A node as its kubelet registers it: object, status, lease.</summary>
    public async Task AddNodeAsync(string name, params (string Key, string Value)[] labels)
    {
        var now = DateTimeOffset.UtcNow;
        await Client.CreateAsync(KubeTypes.Nodes, new Node { Metadata = new() { Name = name, Labels = labels.ToDictionary(l => l.Key, l => l.Value) } }, cancellation: Cancellation);
        var status = new NodeStatus
        {
            Conditions = [new() { Type = "Ready", Status = "True", Reason = "KubeletReady", LastHeartbeatTime = now, LastTransitionTime = now }],
            Allocatable = new Dictionary<string, string> { ["pods"] = "110" },
        };
        await Client.PatchAsync(KubeTypes.Nodes, null, name, KubePatch.Strategic(new() { ["status"] = KubeJson.ToJson(status) }), null, "status", Cancellation);
        var lease = new Lease { Metadata = new() { Namespace = "kube-node-lease", Name = name }, Spec = new() { HolderIdentity = name, LeaseDurationSeconds = 40, RenewTime = now } };
        await Client.CreateAsync(KubeTypes.Leases, lease, cancellation: Cancellation);
    }

    /// <summary>Reads until the condition holds, woken by the watch; fails with the last state after a while.</summary>
    public async Task<T> WaitAsync<T>(ResourceType<T> type, string? @namespace, string name, Func<T?, bool> condition)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(50));
        var last = await Client.TryGetAsync(type, @namespace, name, limit.Token);
        try
        {
            while (!condition(last))
            {
                await Task.Delay(20, limit.Token);
                last = await Client.TryGetAsync(type, @namespace, name, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            Assert.Fail($"{type.Kind} {name} never got there; it is {last}");
        }

        return last!;
    }

    /// <summary>Waits for an event; it may be written after what it tells of.</summary>
    public Task WaitEventAsync(string what, Func<Event, bool> condition) => Eventually.UntilAsync(
        async () => (await Client.ListAsync(KubeTypes.Events, "default", cancellation: Cancellation)).Items.Any(condition), what);

    /// <summary>Waits until the namespace's pods satisfy the condition.</summary>
    public async Task<IReadOnlyList<Pod>> WaitPodsAsync(string @namespace, Func<IReadOnlyList<Pod>, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(50));
        IReadOnlyList<Pod> last = [];
        try
        {
            while (true)
            {
                last = (await Client.ListAsync(KubeTypes.Pods, @namespace, cancellation: limit.Token)).Items;
                if (condition(last))
                {
                    return last;
                }

                await Task.Delay(20, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            Assert.Fail($"the pods never got there; they are {string.Join(", ", last.Select(p => $"{p.Metadata.Name} on {p.Spec.NodeName} {p.Status.Phase} ready={p.IsReady()} deleting={p.IsTerminating()}"))}");
            throw;
        }
    }

    /// <summary>Runs pods by writing that they run.</summary>
    private sealed class FakeKubelets(ControllerFixture fixture)
    {
        private readonly ConcurrentDictionary<string, bool> _seen = new();

        internal async Task RunAsync(CancellationToken cancellation)
        {
            try
            {
                await fixture.Pods.Synced.WaitAsync(cancellation);
                while (true)
                {
                    foreach (var pod in fixture.Pods.Objects.Values.Where(p => !string.IsNullOrEmpty(p.Spec.NodeName)))
                    {
                        await StepAsync(pod, cancellation);
                    }

                    await Task.Delay(10, cancellation);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        private async Task StepAsync(Pod pod, CancellationToken cancellation)
        {
            try
            {
                if (pod.IsTerminating())
                {
                    if (!fixture.Lingers(pod))
                    {
                        await fixture.Client.TryDeleteAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, new() { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid }, cancellation);
                    }
                }
                else if (!fixture.Broken(pod) && !pod.IsFinished() && !pod.IsReady() && _seen.TryAdd(pod.Metadata.Uid!, true))
                {
                    var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
                    var status = new JsonObject
                    {
                        ["phase"] = "Running",
                        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["lastTransitionTime"] = now }),
                    };
                    await fixture.Client.PatchAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, KubePatch.Strategic(new() { ["status"] = status }), null, "status", cancellation);
                }
            }
            catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
            {
            }
        }
    }
}
