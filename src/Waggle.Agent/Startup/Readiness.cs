using Waggle.Agent.Nodes;

namespace Waggle.Agent.Startup;

/// <summary>The steps of the start that other work waits for. Each completes once and never goes back.</summary>
public sealed class Readiness
{
    private readonly TaskCompletionSource<LocalNode> _node = Make<LocalNode>();
    private readonly TaskCompletionSource _datapath = Make(), _endpoints = Make(), _sources = Make(), _policy = Make(), _ready = Make();

    /// <summary>This node's addresses and pod prefixes are known.</summary>
    public Task<LocalNode> Node => _node.Task;

    /// <summary>Devices exist, programs are attached, maps can be written.</summary>
    public Task Datapath => _datapath.Task;

    /// <summary>The endpoints of the agent before are known again; CNI calls may run.</summary>
    public Task Endpoints => _endpoints.Task;

    /// <summary>Every copy of API objects is complete; what nobody wants may be removed.</summary>
    public Task Sources => _sources.Task;

    /// <summary>The policies of the API are in the kernel.</summary>
    public Task Policy => _policy.Task;

    /// <summary>All of it: <c>/healthz</c> says yes.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The step that is under way, for people.</summary>
    public string Current { get; private set; } = "starting";

    /// <summary>Says what the start does now.</summary>
    internal void Doing(string what) => Current = what;

    internal void NodeKnown(LocalNode node) => _node.TrySetResult(node);

    internal void DatapathLoaded() => _datapath.TrySetResult();

    internal void EndpointsRestored() => _endpoints.TrySetResult();

    internal void SourcesComplete() => _sources.TrySetResult();

    internal void PolicyInForce() => _policy.TrySetResult();

    internal void Complete()
    {
        Current = "";
        _ready.TrySetResult();
    }

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource<T> Make<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
