using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.ServiceAccounts;

/// <summary>Every namespace has the ServiceAccount <c>default</c> and the ConfigMap <c>kube-root-ca.crt</c>; both come back when deleted.</summary>
internal sealed class ServiceAccountDefaults : KeyedController
{
    private const string Account = "default";
    private const string Bundle = "kube-root-ca.crt";

    private readonly Informer<Namespace> _namespaces;

    public ServiceAccountDefaults(ControllerContext context)
        : base(context, "serviceaccount")
    {
        _namespaces = Watch(KubeTypes.Namespaces, change => Queue.Add(new ObjectKey("", (change.New ?? change.Old)!.Metadata.Name!)));
        Watch(KubeTypes.ServiceAccounts, change => Again(change.New is null && change.Old!.Metadata.Name == Account, change.Old));
        Watch(KubeTypes.ConfigMaps, change => Again(change.New is null && change.Old!.Metadata.Name == Bundle, change.Old));
    }

    private void Again(bool gone, KubeObject? before)
    {
        if (gone)
        {
            Queue.Add(new ObjectKey("", before!.Metadata.Namespace!));
        }
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_namespaces.Find("", key.Name) is not { Metadata.DeletionTimestamp: null })
        {
            return;
        }

        await EnsureAsync(KubeTypes.ServiceAccounts, new ServiceAccount { Metadata = new ObjectMeta { Name = Account, Namespace = key.Name } }, cancellation).ConfigureAwait(false);
        if (Client.Config.CertificateAuthorities?.ExportCertificatePems() is { } authority)
        {
            var bundle = new ConfigMap { Metadata = new ObjectMeta { Name = Bundle, Namespace = key.Name }, Data = new Dictionary<string, string> { ["ca.crt"] = authority } };
            await EnsureAsync(KubeTypes.ConfigMaps, bundle, cancellation).ConfigureAwait(false);
        }
    }

    private async Task EnsureAsync<T>(ResourceType<T> type, T value, CancellationToken cancellation)
        where T : KubeObject
    {
        try
        {
            if (await Client.TryGetAsync(type, value.Metadata.Namespace, value.Metadata.Name!, cancellation).ConfigureAwait(false) is null)
            {
                await Client.CreateAsync(type, value, null, cancellation).ConfigureAwait(false);
            }
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            // Made meanwhile.
        }
    }
}
