using System.Text;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>The files that every container of a pod gets: hosts, hostname, resolv.conf, and its termination message.</summary>
internal static class PodFiles
{
    public static void Write(PodScope scope)
    {
        string directory = Path.Combine(scope.Node.Paths.PodDirectory(scope.Uid), "etc");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "hosts"), Hosts(scope));
        File.WriteAllText(Path.Combine(directory, "hostname"), scope.HostName + "\n");
        File.WriteAllText(Path.Combine(directory, "resolv.conf"), ResolvConf(scope));
    }

    public static IEnumerable<MountSpec> Mounts(PodScope scope)
    {
        string directory = $"{NodePaths.PodsInNode}/{scope.Uid}/etc";
        return ((IEnumerable<string>)["hosts", "hostname", "resolv.conf"]).Select(file => new MountSpec($"{directory}/{file}", $"/etc/{file}"));
    }

    /// <summary>Makes the file in which a container leaves its last words, and says where the machine and the node see it.</summary>
    public static (string MachinePath, MountSpec Mount) TerminationMessage(PodScope scope, Container container, string containerId)
    {
        string relative = $"{scope.Uid}/containers/{container.Name}/{containerId[..8]}";
        string path = Path.Combine(scope.Node.Paths.Pods, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, (UnixFileMode)0x1b6);
        string target = container.TerminationMessagePath is { Length: > 0 } given ? given : "/dev/termination-log";
        return (path, new MountSpec($"{NodePaths.PodsInNode}/{relative}", target));
    }

    internal static string NodeHosts(NodeOptions node)
    {
        var text = new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        foreach ((string name, System.Net.IPAddress address) in node.Hosts)
            text.Append(address).Append('\t').Append(name).Append('\n');
        return text.ToString();
    }

    private static string Hosts(PodScope scope)
    {
        var text = new StringBuilder(scope.HostNetwork ? NodeHosts(scope.Node.Options)
            : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
        if (!scope.HostNetwork)
        {
            foreach (string address in scope.Addresses.PodIps)
            {
                text.Append(address).Append('\t');
                if (scope.Pod.Spec.Subdomain is { Length: > 0 } subdomain)
                    text.Append(scope.HostName).Append('.').Append(subdomain).Append('.').Append(scope.Namespace).Append(".svc.cluster.local\t");
                text.Append(scope.HostName).Append('\n');
            }
        }
        foreach (HostAlias alias in scope.Pod.Spec.HostAliases)
            text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames).Append('\n');
        return text.ToString();
    }

    /// <summary>No name server: nothing leaves the machine, and a lab has no DNS yet. Look-ups fail at once instead of timing out.</summary>
    private static string ResolvConf(PodScope scope) =>
        scope.Pod.Spec.DnsPolicy is "Default" ? "" : $"search {scope.Namespace}.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n";
}
