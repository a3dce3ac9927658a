namespace Waggle.Commands.Status;

/// <summary>How the installation in a cluster stands, at one moment.</summary>
internal sealed record ClusterStatus
{
    /// <summary>Deployments and DaemonSets, in the order shown.</summary>
    public IReadOnlyList<Workload> Workloads { get; init; } = [];

    /// <summary>Pods by component and phase, in the order shown.</summary>
    public IReadOnlyList<PodCount> Pods { get; init; } = [];

    public int ClusterPods { get; init; }

    public int ManagedPods { get; init; }

    public IReadOnlyList<ImageCount> Images { get; init; } = [];

    public IReadOnlyList<Problem> Problems { get; init; } = [];

    public IEnumerable<Problem> Errors => Problems.Where(problem => problem.IsError);

    public IEnumerable<Problem> Warnings => Problems.Where(problem => !problem.IsError);

    public bool Healthy => !Errors.Any();

    /// <summary>Everything that is wanted is there: what <c>--wait</c> waits for.</summary>
    public bool Complete => Healthy && Workloads.Any(workload => workload.Name == Components.Agent) && Workloads.All(workload => workload.Ready >= workload.Desired && workload.Available >= workload.Desired);

    public bool Has(string component) => Workloads.Any(workload => workload.Name == component);
}

/// <param name="Kind"><c>Deployment</c> or <c>DaemonSet</c>.</param>
internal sealed record Workload(string Kind, string Name, int Desired, int Ready, int Available, int Unavailable = 0);

/// <param name="Phase">As Kubernetes names it, e.g. <c>Running</c>.</param>
internal sealed record PodCount(string Component, string Phase, int Count);

internal sealed record ImageCount(string Component, string Image, int Count);

/// <param name="Component">Which part of the installation.</param>
/// <param name="Object">The pod or workload.</param>
/// <param name="Message">What is wrong with it.</param>
internal sealed record Problem(string Component, string Object, string Message, bool IsError = true);

/// <summary>The parts of an installation, by their workload's name.</summary>
internal static class Components
{
    public const string Agent = "cilium";
    public const string Operator = "cilium-operator";
    public const string Envoy = "cilium-envoy";
    public const string Relay = "hubble-relay";
    public const string Ui = "hubble-ui";
    public const string ClusterMesh = "clustermesh-apiserver";
}
