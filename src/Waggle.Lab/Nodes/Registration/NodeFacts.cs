using System.Globalization;
using System.Runtime.InteropServices;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Registration;

/// <summary>What a node says of itself.</summary>
internal static class NodeFacts
{
    private const string NotReadyMessage =
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni config uninitialized";

    private static string Architecture => RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    public static Dictionary<string, string> Labels(NodeOptions options)
    {
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = options.Name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = Architecture,
        };
        if (options.ControlPlane)
            labels["node-role.kubernetes.io/control-plane"] = "";
        if (options.Zone is { } zone)
            labels["topology.kubernetes.io/zone"] = zone;
        return labels;
    }

    public static IReadOnlyList<Taint> Taints(NodeOptions options) =>
        options.NoSchedule ? [new Taint { Key = "node-role.kubernetes.io/control-plane", Effect = "NoSchedule" }] : [];

    /// <param name="options">The node.</param>
    /// <param name="networkReady">Whether there is a CNI configuration.</param>
    /// <param name="now">The heartbeat.</param>
    /// <param name="since">When readiness last changed; null is now.</param>
    public static NodeStatus Status(NodeOptions options, bool networkReady, DateTimeOffset now, DateTimeOffset? since)
    {
        Dictionary<string, string> capacity = Capacity(options);
        return new NodeStatus
        {
            Addresses = [.. options.Addresses.Select(address => new NodeAddress { Type = "InternalIP", Address = address.ToString() }), new NodeAddress { Type = "Hostname", Address = options.Name }],
            Capacity = capacity,
            Allocatable = capacity,
            Conditions =
            [
                Condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available", now, null),
                Condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now, null),
                Condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", now, null),
                networkReady ? Condition("Ready", true, "KubeletReady", "kubelet is posting ready status", now, since) : Condition("Ready", false, "KubeletNotReady", NotReadyMessage, now, since),
            ],
            NodeInfo = new NodeSystemInfo
            {
                MachineId = Read("/etc/machine-id"),
                SystemUuid = Read("/proc/sys/kernel/random/boot_id"),
                BootId = Read("/proc/sys/kernel/random/boot_id"),
                KernelVersion = Read("/proc/sys/kernel/osrelease"),
                OsImage = OsImage(),
                ContainerRuntimeVersion = $"waggle://{typeof(NodeFacts).Assembly.GetName().Version?.ToString(3)}",
                KubeletVersion = options.KubeletVersion,
                KubeProxyVersion = options.KubeletVersion,
                OperatingSystem = "linux",
                Architecture = Architecture,
            },
        };
    }

    private static Condition Condition(string type, bool status, string reason, string message, DateTimeOffset now, DateTimeOffset? since) =>
        new() { Type = type, Status = status ? "True" : "False", Reason = reason, Message = message, LastHeartbeatTime = now, LastTransitionTime = since ?? now };

    private static Dictionary<string, string> Capacity(NodeOptions options) => new()
    {
        ["cpu"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory"] = $"{(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024).ToString(CultureInfo.InvariantCulture)}Ki",
        ["ephemeral-storage"] = "100Gi",
        ["hugepages-2Mi"] = "0",
        ["pods"] = options.MaxPods.ToString(CultureInfo.InvariantCulture),
    };

    private static string OsImage()
    {
        string? line = File.Exists("/etc/os-release") ? File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)) : null;
        return line?["PRETTY_NAME=".Length..].Trim('"') ?? "Linux";
    }

    private static string Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";
}
