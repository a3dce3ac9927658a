using System.Globalization;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Images;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Everything about one instance of a container that is decided before it is started.</summary>
/// <param name="Id">The instance's id.</param>
/// <param name="Spec">For the launcher.</param>
/// <param name="MessagePath">Where the machine reads its termination message.</param>
internal sealed record ContainerPlan(string Id, ContainerSpec Spec, string MessagePath)
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <exception cref="ReferenceException">Something it refers to does not exist (yet).</exception>
    /// <exception cref="ImageException">Its image is unknown and it names no command.</exception>
    /// <exception cref="FormatException">Its security context asks for the impossible.</exception>
    public static ContainerPlan Make(PodScope scope, Container container)
    {
        NodeContext node = scope.Node;
        string id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        Dictionary<string, string> own = node.Variables.Build(scope.Pod, container, scope.Addresses);
        ResolvedCommand command = ImageResolver.Resolve(node.Images, container, VariableExpansion.ExpandAll(container.Command, own), VariableExpansion.ExpandAll(container.Args, own));
        ProcessSpec process = Process(scope, container, own, command);
        (string messagePath, MountSpec message) = PodFiles.TerminationMessage(scope, container, id);
        bool privileged = container.SecurityContext?.Privileged == true;
        var spec = new ContainerSpec
        {
            Id = id,
            Cgroup = $"{scope.Cgroup}/{id}",
            Sandbox = scope.Sandbox,
            Process = process,
            HostNetwork = scope.HostNetwork,
            HostPid = scope.Pod.Spec.HostPid == true,
            HostIpc = scope.Pod.Spec.HostIpc == true,
            Privileged = privileged,
            ReadOnlyRoot = container.SecurityContext?.ReadOnlyRootFilesystem == true,
            Mounts =
            [
                new MountSpec(NodePaths.WaggleInNode, NodePaths.WaggleInNode) { ReadOnly = true },
                .. PodFiles.Mounts(scope),
                message,
                .. node.Volumes.MountsOf(scope.Pod, container, process.Environment),
            ],
            Limits = Limits(container),
        };
        return new ContainerPlan(id, spec, messagePath);
    }

    private static ProcessSpec Process(PodScope scope, Container container, Dictionary<string, string> own, ResolvedCommand command)
    {
        SecurityContext? context = container.SecurityContext;
        PodSecurityContext? pod = scope.Pod.Spec.SecurityContext;
        long user = context?.RunAsUser ?? pod?.RunAsUser ?? 0;
        if ((context?.RunAsNonRoot ?? pod?.RunAsNonRoot) == true && user == 0)
            throw new FormatException("container has runAsNonRoot and image will run as root");
        (long? ownGroup, string home) = UserDatabase.Find(user);
        return new ProcessSpec
        {
            Arguments = command.Arguments,
            Environment = Environment(scope, container, own, command.Image, home),
            WorkingDirectory = container.WorkingDir is { Length: > 0 } directory ? directory : "/",
            User = user,
            Group = context?.RunAsGroup ?? pod?.RunAsGroup ?? ownGroup ?? 0,
            SupplementalGroups = [.. pod?.SupplementalGroups ?? [], .. pod?.FsGroup is { } group ? (long[])[group] : []],
            Capabilities = CapabilitySet.Of(context),
            NoNewPrivileges = context?.AllowPrivilegeEscalation == false,
            Terminal = container.Tty == true,
        };
    }

    private static Dictionary<string, string> Environment(PodScope scope, Container container, Dictionary<string, string> own, ImageEntry image, string home)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = image.Path.Count > 0 ? $"{string.Join(':', image.Path)}:{DefaultPath}" : DefaultPath,
            ["HOSTNAME"] = scope.HostName,
            ["HOME"] = home,
            // A .NET installation in another place than the usual one is found by this.
            ["DOTNET_ROOT"] = DotnetRoot,
        };
        if (container.Tty == true)
            result["TERM"] = "xterm";
        foreach ((string name, string value) in image.Env)
            result[name] = value;
        foreach ((string name, string value) in own)
            result[name] = value;
        return result;
    }

    private static string DotnetRoot => Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    private static Dictionary<string, string> Limits(Container container)
    {
        var limits = new Dictionary<string, string>();
        IReadOnlyDictionary<string, string>? given = container.Resources?.Limits;
        if (Quantity.Parse(given?.GetValueOrDefault("memory")) is { } memory and > 0)
            limits["memory.max"] = Math.Ceiling(memory).ToString("0", CultureInfo.InvariantCulture);
        if (Quantity.Parse(given?.GetValueOrDefault("cpu")) is { } cpu and > 0)
            limits["cpu.max"] = $"{Math.Max(1000, Math.Ceiling(cpu * 100_000)).ToString("0", CultureInfo.InvariantCulture)} 100000";
        return limits;
    }
}
