namespace Waggle.Lab.Cluster;

public enum LabState
{
    /// <summary>Its daemon runs and says it is complete.</summary>
    Running,

    /// <summary>Its daemon runs but start-up has not finished.</summary>
    Starting,

    /// <summary>Its daemon is gone; <c>lab up</c> starts it again with the same objects, <c>lab down</c> removes it.</summary>
    Stopped,
}

/// <summary>A lab of this machine.</summary>
/// <param name="Options">What it was made with.</param>
/// <param name="State">How it stands.</param>
/// <param name="DaemonPid">Its daemon; null when stopped.</param>
/// <param name="Kubeconfig">Path of its kubeconfig, context <c>kind-NAME</c>.</param>
/// <param name="Created">When it was first started.</param>
public sealed record LabInfo(LabOptions Options, LabState State, int? DaemonPid, string Kubeconfig, DateTimeOffset Created);
