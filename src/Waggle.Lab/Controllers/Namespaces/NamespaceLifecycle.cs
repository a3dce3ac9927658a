using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Namespaces;

/// <summary>Empties a namespace that is being deleted, and lets it go once nothing is left in it.</summary>
internal sealed class NamespaceLifecycle : KeyedController
{
    private static readonly TimeSpan WhileTerminating = TimeSpan.FromMilliseconds(200);
    private static readonly ResourceType<JsonObject> s_untyped = ResourceType.Untyped("", "v1", "namespaces", "Namespace", false);

    public NamespaceLifecycle(ControllerContext context)
        : base(context, "namespace") =>
        Watch(KubeTypes.Namespaces, change =>
        {
            if (change.New?.Metadata.DeletionTimestamp is not null)
            {
                Queue.Add(change.New.Key);
            }
        });

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        // Custom resources may have come since.
        Client.Discovery.Invalidate();
        var left = 0;
        foreach (var type in (await Client.Discovery.DeletableAsync(cancellation).ConfigureAwait(false)).Where(type => type.Namespaced))
        {
            var objects = (await Client.ListAsync(type, key.Name, cancellation: cancellation).ConfigureAwait(false)).Items;
            left += objects.Count;
            foreach (var each in objects.Where(o => o["metadata"]?["deletionTimestamp"] is null))
            {
                await Client.TryDeleteAsync(type, key.Name, (string)each["metadata"]!["name"]!, new DeleteOptions { Propagation = Propagation.Background }, cancellation).ConfigureAwait(false);
            }
        }

        if (left > 0)
        {
            Queue.AddAfter(key, WhileTerminating);
            return;
        }

        await FinalizeAsync(key.Name, cancellation).ConfigureAwait(false);
    }

    private async Task FinalizeAsync(string name, CancellationToken cancellation)
    {
        var current = await Client.GetAsync(s_untyped, null, name, cancellation).ConfigureAwait(false);
        if (current["spec"] is JsonObject spec && spec["finalizers"] is JsonArray finalizers)
        {
            spec["finalizers"] = new JsonArray([.. finalizers.Select(f => (string?)f).Where(f => f != "kubernetes").Select(f => (JsonNode?)f)]);
            await Client.UpdateSubresourceAsync(s_untyped, current, "finalize", null, cancellation).ConfigureAwait(false);
        }
    }
}
