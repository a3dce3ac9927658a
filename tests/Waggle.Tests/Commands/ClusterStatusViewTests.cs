using Waggle.Cli;
using Waggle.Commands.Status;

namespace Waggle.Tests.Commands;

public sealed class ClusterStatusViewTests
{
    /// <summary>The input of the recorded lab, in the order of its lines.</summary>
    private static readonly ClusterStatus Recorded = new()
    {
        Workloads =
        [
            new("Deployment", "hubble-ui", 1, 1, 1), new("Deployment", "cilium-operator", 2, 2, 2), new("Deployment", "hubble-relay", 1, 1, 1), new("DaemonSet", "cilium", 3, 3, 3),
        ],
        Pods = [new("cilium", "Running", 3), new("hubble-ui", "Running", 1), new("cilium-operator", "Running", 2), new("hubble-relay", "Running", 1)],
        ClusterPods = 11,
        ManagedPods = 11,
        Images =
        [
            new("cilium", "quay.io/isovalent/cilium:v1.15.7-cee.1", 3), new("hubble-ui", "quay.io/isovalent/hubble-ui-enterprise:v1.0.3", 1),
            new("hubble-ui", "quay.io/isovalent/hubble-ui-enterprise-backend:v1.0.3", 1), new("cilium-operator", "quay.io/isovalent/operator-generic:v1.15.7-cee.1", 2),
            new("hubble-relay", "quay.io/isovalent/hubble-relay:v1.15.7-cee.1", 1),
        ],
    };

    [Fact]
    public void Print_TheRecordedLab_IsByteExact() => Assert.Equal(
        """
            /¯¯\
         /¯¯\__/¯¯\    Cilium:             OK
         \__/¯¯\__/    Operator:           OK
         /¯¯\__/¯¯\    Envoy DaemonSet:    disabled (using embedded mode)
         \__/¯¯\__/    Hubble Relay:       OK
            \__/       ClusterMesh:        disabled

        Deployment             hubble-ui          Desired: 1, Ready: 1/1, Available: 1/1
        Deployment             cilium-operator    Desired: 2, Ready: 2/2, Available: 2/2
        Deployment             hubble-relay       Desired: 1, Ready: 1/1, Available: 1/1
        DaemonSet              cilium             Desired: 3, Ready: 3/3, Available: 3/3
        Containers:            cilium             Running: 3
                               hubble-ui          Running: 1
                               cilium-operator    Running: 2
                               hubble-relay       Running: 1
        Cluster Pods:          11/11 managed by Cilium
        Helm chart version:    
        Image versions         cilium             quay.io/isovalent/cilium:v1.15.7-cee.1: 3
                               hubble-ui          quay.io/isovalent/hubble-ui-enterprise:v1.0.3: 1
                               hubble-ui          quay.io/isovalent/hubble-ui-enterprise-backend:v1.0.3: 1
                               cilium-operator    quay.io/isovalent/operator-generic:v1.15.7-cee.1: 2
                               hubble-relay       quay.io/isovalent/hubble-relay:v1.15.7-cee.1: 1

        """,
        Print(Recorded, Palette.Plain));

    [Fact]
    public void Print_Coloured_DiffersInColoursOnly() =>
        Assert.Equal(Print(Recorded, Palette.Plain), System.Text.RegularExpressions.Regex.Replace(Print(Recorded, Palette.Coloured), "\e\\[[0-9]*m", ""));

    [Fact]
    public void Print_AbsentRelay_IsDisabled() =>
        Assert.Contains("Hubble Relay:       disabled\n", Print(Recorded with { Workloads = [new("DaemonSet", "cilium", 3, 3, 3), new("Deployment", "cilium-operator", 2, 2, 2)] }, Palette.Plain));

    [Fact]
    public void Print_Problems_StandBesideTheComponentAndBelow()
    {
        var text = Print(
            Recorded with
            {
                Workloads = [new("DaemonSet", "cilium", 3, 1, 1, 2)],
                Problems = [new("cilium", "cilium", "2 pods of DaemonSet cilium are not ready"), new("cilium", "cilium-x7k2p", "pod is pending", IsError: false)],
            },
            Palette.Plain);
        Assert.Contains("Cilium:             1 errors, 1 warnings\n", text);
        Assert.Contains("Desired: 3, Ready: 1/3, Available: 1/3, Unavailable: 2/3\n", text);
        Assert.Contains("Errors:                cilium             cilium          2 pods of DaemonSet cilium are not ready\n", text);
        Assert.Contains("Warnings:              cilium             cilium-x7k2p    pod is pending\n", text);
    }

    [Fact]
    public void Complete_WithoutTheAgent_IsFalse() => Assert.False(new ClusterStatus { Workloads = [new("Deployment", "cilium-operator", 1, 1, 1)] }.Complete);

    private static string Print(ClusterStatus status, Palette style)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ClusterStatusView.Print(output, style, status);
        return output.ToString();
    }
}
