using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Volumes;

/// <summary>The volumes of one pod: makes them, keeps generated ones current, and says what a container mounts.</summary>
/// <param name="content">Files of generated volumes.</param>
/// <param name="paths">Where the node's things are.</param>
/// <param name="caPem">The cluster's certificate authority, for the service account's directory.</param>
internal sealed class PodVolumes(VolumeContent content, NodePaths paths, string caPem)
{
    public const string ServiceAccountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string ServiceAccountVolume = "kube-api-access";

    /// <summary>Makes every volume, or brings generated ones up to date.</summary>
    /// <exception cref="ReferenceException">A volume refers to something that does not exist (yet).</exception>
    /// <exception cref="KubeApiException">A token could not be had.</exception>
    public async Task SyncAsync(Pod pod, PodAddresses addresses, CancellationToken cancellation)
    {
        foreach (Volume volume in pod.Spec.Volumes)
        {
            try
            {
                await SyncAsync(pod, volume, addresses, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ReferenceException or ArgumentException or FormatException or IOException or Linux.LinuxException)
            {
                throw new ReferenceException($"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}");
            }
        }
        if (WantsServiceAccount(pod))
            await WriteServiceAccountAsync(pod, cancellation).ConfigureAwait(false);
    }

    /// <summary>What a container sees of the volumes, in the order of its mounts.</summary>
    /// <exception cref="ReferenceException">A mount names no volume.</exception>
    public IReadOnlyList<MountSpec> MountsOf(Pod pod, Container container, IReadOnlyDictionary<string, string> variables)
    {
        List<MountSpec> mounts = [];
        // Parents before children, whatever the order in the manifest.
        foreach (VolumeMount mount in container.VolumeMounts.OrderBy(mount => mount.MountPath.TrimEnd('/').Count(c => c == '/')))
        {
            Volume volume = pod.Spec.Volumes.FirstOrDefault(volume => volume.Name == mount.Name)
                ?? throw new ReferenceException($"volume mount \"{mount.Name}\" names no volume of the pod");
            string? subPath = mount.SubPathExpr is { } expression ? VariableExpansion.Expand(expression, variables) : mount.SubPath;
            mounts.Add(Source(pod, volume, mount.MountPath) with
            {
                ReadOnly = mount.ReadOnly == true || IsGenerated(volume),
                Propagation = mount.MountPropagation ?? "None",
                SubPath = subPath is { Length: > 0 } ? subPath : null,
            });
        }
        if (WantsServiceAccount(pod) && !container.VolumeMounts.Any(mount => mount.MountPath.TrimEnd('/') == ServiceAccountPath))
            mounts.Add(new MountSpec(NodeSide(pod, "projected", ServiceAccountVolume), ServiceAccountPath) { ReadOnly = true });
        return mounts;
    }

    private async Task SyncAsync(Pod pod, Volume volume, PodAddresses addresses, CancellationToken cancellation)
    {
        if (volume.EmptyDir is not null)
        {
            Directory.CreateDirectory(MachineSide(pod, "empty-dir", volume.Name), (UnixFileMode)0x1ff);
            File.SetUnixFileMode(MachineSide(pod, "empty-dir", volume.Name), (UnixFileMode)0x1ff);
        }
        else if (IsGenerated(volume))
        {
            AtomicDirectory.Write(MachineSide(pod, "projected", volume.Name), await content.FilesAsync(pod, volume, addresses, cancellation).ConfigureAwait(false));
        }
        else if (volume.HostPath is null)
        {
            throw new ReferenceException("a lab knows the volume types emptyDir, hostPath, configMap, secret, downwardAPI and projected");
        }
    }

    private async Task WriteServiceAccountAsync(Pod pod, CancellationToken cancellation)
    {
        var volume = new Volume
        {
            Name = ServiceAccountVolume,
            Projected = new ProjectedVolumeSource
            {
                Sources =
                [
                    new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token" } },
                    new VolumeProjection { DownwardApi = new DownwardApiVolumeSource { Items = [new DownwardApiFile { Path = "namespace", FieldRef = new ObjectFieldSelector { FieldPath = "metadata.namespace" } }] } },
                ],
            },
        };
        IReadOnlyList<VolumeFile> files = await content.FilesAsync(pod, volume, new PodAddresses([], []), cancellation).ConfigureAwait(false);
        AtomicDirectory.Write(MachineSide(pod, "projected", ServiceAccountVolume), [.. files, new VolumeFile("ca.crt", System.Text.Encoding.ASCII.GetBytes(caPem), 0x1a4)]);
    }

    private MountSpec Source(Pod pod, Volume volume, string target) =>
        volume.HostPath is { } host ? new MountSpec(host.Path, target) { Kind = host.Type ?? "" }
        : volume.EmptyDir is not null ? new MountSpec(NodeSide(pod, "empty-dir", volume.Name), target) { Group = pod.Spec.SecurityContext?.FsGroup }
        : new MountSpec(NodeSide(pod, "projected", volume.Name), target);

    private static bool WantsServiceAccount(Pod pod) => pod.Spec.AutomountServiceAccountToken != false;

    private static bool IsGenerated(Volume volume) =>
        volume.ConfigMap is not null || volume.Secret is not null || volume.DownwardApi is not null || volume.Projected is not null;

    private string MachineSide(Pod pod, string kind, string name) => Path.Combine(paths.PodDirectory(pod.Metadata.Uid!), "volumes", $"kubernetes.io~{kind}", name);

    private static string NodeSide(Pod pod, string kind, string name) => $"{NodePaths.PodsInNode}/{pod.Metadata.Uid}/volumes/kubernetes.io~{kind}/{name}";
}
