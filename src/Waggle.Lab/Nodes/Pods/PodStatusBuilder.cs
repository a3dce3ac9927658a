using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>What the pod's status is made from.</summary>
internal sealed record PodFacts
{
    public required Pod Pod { get; init; }

    public required IReadOnlyList<ContainerSnapshot> InitContainers { get; init; }

    public required IReadOnlyList<ContainerSnapshot> Containers { get; init; }

    public required IReadOnlyList<string> PodIps { get; init; }

    public required IReadOnlyList<string> HostIps { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public bool SandboxReady { get; init; }

    /// <summary>Init containers have all done their part.</summary>
    public bool Initialized { get; init; }

    /// <summary>No container will run again: succeeded or failed is final.</summary>
    public bool Finished { get; init; }

    /// <summary>Why the pod as a whole failed, e.g. <c>DeadlineExceeded</c>.</summary>
    public string? FailureReason { get; init; }

    public string? FailureMessage { get; init; }
}

/// <summary>Derives a pod's status, phase and conditions by the rules a kubelet follows.</summary>
internal static class PodStatusBuilder
{
    public static PodStatus Build(PodFacts facts, DateTimeOffset now)
    {
        string phase = Phase(facts);
        return new PodStatus
        {
            Phase = phase,
            Reason = facts.FailureReason,
            Message = facts.FailureMessage,
            HostIp = facts.HostIps.FirstOrDefault(),
            HostIps = [.. facts.HostIps.Select(ip => new PodIp { Ip = ip })],
            Ip = facts.PodIps.FirstOrDefault(),
            Ips = [.. facts.PodIps.Select(ip => new PodIp { Ip = ip })],
            StartTime = facts.StartTime,
            QosClass = QosClass(facts.Pod.Spec),
            Conditions = Conditions(facts, phase, now),
            InitContainerStatuses = [.. facts.InitContainers.Select(container => container.ToStatus())],
            ContainerStatuses = [.. facts.Containers.Select(container => container.ToStatus())],
        };
    }

    internal static string Phase(PodFacts facts)
    {
        if (facts.FailureReason is not null)
            return "Failed";
        string policy = facts.Pod.Spec.RestartPolicy ?? "Always";
        if (!facts.Initialized)
            return facts.Finished && facts.InitContainers.Any(container => container.State.Terminated is { ExitCode: not 0 }) ? "Failed" : "Pending";
        int running = facts.Containers.Count(container => container.State.Running is not null);
        int waiting = facts.Containers.Count(container => container.State.Waiting is not null && container.LastState?.Terminated is null);
        if (waiting > 0)
            return "Pending";
        if (running > 0 || !facts.Finished || policy == "Always")
            return "Running";
        return facts.Containers.All(container => container.State.Terminated is { ExitCode: 0 }) ? "Succeeded" : "Failed";
    }

    /// <summary>Guaranteed, Burstable or BestEffort, from requests and limits of CPU and memory.</summary>
    internal static string QosClass(PodSpec spec)
    {
        bool any = false, guaranteed = true;
        foreach (ResourceRequirements? resources in spec.Containers.Concat(spec.InitContainers).Select(container => container.Resources))
        {
            foreach (string name in (ReadOnlySpan<string>)["cpu", "memory"])
            {
                string? limit = resources?.Limits.GetValueOrDefault(name), request = resources?.Requests.GetValueOrDefault(name);
                any |= limit is not null || request is not null;
                guaranteed &= limit is not null && (request is null || request == limit);
            }
        }
        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static IReadOnlyList<Condition> Conditions(PodFacts facts, string phase, DateTimeOffset now)
    {
        string[] unready = [.. facts.Containers.Where(container => !container.Ready).Select(container => container.Name)];
        string[] uninitialized = [.. facts.InitContainers.Where(container => container.State.Terminated is not { ExitCode: 0 } && !container.Started).Select(container => container.Name)];
        bool completed = phase is "Succeeded";
        (string? Reason, string? Message) why = completed ? ("PodCompleted", null)
            : phase is "Failed" ? ("PodFailed", null)
            : unready.Length > 0 ? ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]") : (null, null);
        bool ready = phase == "Running" && unready.Length == 0;
        Condition[] own =
        [
            Make("PodReadyToStartContainers", facts.SandboxReady),
            facts.Initialized ? Make("Initialized", true, completed ? "PodCompleted" : null)
                : Make("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', uninitialized)}]"),
            Make("Ready", ready, ready ? null : why.Reason, ready ? null : why.Message),
            Make("ContainersReady", ready, ready ? null : why.Reason, ready ? null : why.Message),
            Make("PodScheduled", true),
        ];
        IReadOnlyList<Condition> before = facts.Pod.Status.Conditions;
        return [.. own.Select(condition => Since(condition, before, now)), .. before.Where(old => own.All(condition => condition.Type != old.Type))];
    }

    private static Condition Make(string type, bool status, string? reason = null, string? message = null) =>
        new() { Type = type, Status = status ? "True" : "False", Reason = reason, Message = message };

    /// <summary>A condition that has not changed keeps its time.</summary>
    private static Condition Since(Condition condition, IReadOnlyList<Condition> before, DateTimeOffset now)
    {
        Condition? old = before.FirstOrDefault(old => old.Type == condition.Type);
        return condition with { LastTransitionTime = old is not null && old.Status == condition.Status ? old.LastTransitionTime ?? now : now };
    }
}
