using System.Globalization;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;

namespace Waggle.Lab.Nodes.Probes;

/// <summary>One kind of check; exactly one member is set.</summary>
internal sealed record ProbeCheck(ExecAction? Exec, HttpGetAction? HttpGet, TcpSocketAction? TcpSocket, GrpcAction? Grpc)
{
    public static ProbeCheck Of(Probe probe) => new(probe.Exec, probe.HttpGet, probe.TcpSocket, probe.Grpc);

    public static ProbeCheck Of(LifecycleHandler handler) => new(handler.Exec, handler.HttpGet, handler.TcpSocket, null);
}

/// <summary>A running container as checks see it.</summary>
/// <param name="Pid">Its first process.</param>
/// <param name="Cgroup">Its cgroup below the node's.</param>
/// <param name="Process">Environment and user of commands.</param>
/// <param name="Address">The pod's address.</param>
/// <param name="Ports">Its named ports.</param>
internal sealed record ProbeTarget(int Pid, string Cgroup, ProcessSpec Process, string Address, IReadOnlyList<ContainerPort> Ports)
{
    /// <exception cref="FormatException">No such port.</exception>
    public int Port(IntOrString port)
    {
        if (port.Text is not { } name)
            return port.Number;
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number;
        return Ports.FirstOrDefault(p => p.Name == name)?.Port ?? throw new FormatException($"the container has no port named \"{name}\"");
    }
}
