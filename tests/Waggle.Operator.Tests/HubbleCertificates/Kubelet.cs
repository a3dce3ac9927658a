using System.Globalization;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Linux;

namespace Waggle.Operator.Tests.HubbleCertificates;

/// <summary>Keeps a mounted Secret as it is in the cluster: all files at once, behind the link <c>..data</c>.</summary>
internal sealed class Kubelet(KubeClient client, string secret, string directory)
{
    private static readonly string[] Files = ["ca.crt", "tls.crt", "tls.key"];
    private string _version = "";

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await client.TryGetAsync(KubeTypes.Secrets, "kube-system", secret, cancellation) is { } found && found.Metadata.ResourceVersion != _version)
                {
                    Show(found);
                }

                await Task.Delay(100, cancellation);
            }
            catch (Exception e) when (e is OperationCanceledException or KubeApiException or HttpRequestException)
            {
                // It ends, or asks again.
            }
        }
    }

    private void Show(Secret found)
    {
        (string old, _version) = (_version, found.Metadata.ResourceVersion!);
        string data = Directory.CreateDirectory(Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"..{_version}"))).FullName, next = Path.Combine(directory, "..data_tmp");
        foreach (string file in Files)
        {
            File.WriteAllBytes(Path.Combine(data, file), Convert.FromBase64String(found.Data[file]));
        }

        File.CreateSymbolicLink(next, $"..{_version}");
        FileNames.Rename(next, Path.Combine(directory, "..data"));
        foreach (string file in Files.Where(f => !Path.Exists(Path.Combine(directory, f))))
        {
            File.CreateSymbolicLink(Path.Combine(directory, file), $"..data/{file}");
        }

        if (old.Length > 0)
        {
            Directory.Delete(Path.Combine(directory, $"..{old}"), recursive: true);
        }
    }
}
