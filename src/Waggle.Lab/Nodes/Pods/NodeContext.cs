using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Lab.Nodes.Cni;
using Waggle.Lab.Nodes.Images;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Probes;
using Waggle.Lab.Nodes.Variables;
using Waggle.Lab.Nodes.Volumes;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>What the pods of one node share.</summary>
internal sealed record NodeContext
{
    public required NodeOptions Options { get; init; }

    public required NodePaths Paths { get; init; }

    public required NodeHolder Holder { get; init; }

    public required KubeClient Client { get; init; }

    public required ImageTable Images { get; init; }

    public required ContainerVariables Variables { get; init; }

    public required PodVolumes Volumes { get; init; }

    public required TokenIssuer Tokens { get; init; }

    public required NodeEvents Events { get; init; }

    public required CniNetwork Network { get; init; }

    public required ProbeExecutor Probes { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    public NodeLauncher Launcher => Holder.Launcher;
}
