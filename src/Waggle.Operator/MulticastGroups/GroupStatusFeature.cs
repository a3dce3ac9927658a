using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Loops;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Operator.MulticastGroups;

/// <summary>Says in every IsovalentMulticastGroup's status whether its groups are served, and which other resource lists the same.</summary>
/// <remarks>The operator writes it because it is one: agents only read the resources.</remarks>
public sealed partial class GroupStatusFeature(OperatorContext context) : IOperatorFeature
{
    private readonly ILogger _logger = context.Logs.CreateLogger<GroupStatusFeature>();
    private readonly Signal _changed = new();

    public async Task RunAsync(CancellationToken cancellation)
    {
        context.MulticastGroups.OnChange(_ => _changed.Set());
        await context.MulticastGroups.Synced.WaitAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            bool complete = true;
            IsovalentMulticastGroup[] all = [.. context.MulticastGroups.Objects.Values];
            foreach ((IsovalentMulticastGroup resource, IReadOnlyList<Condition> wanted) in GroupConditions.Of(all, context.Time.GetUtcNow()))
            {
                complete &= await WriteAsync(resource, wanted, cancellation).ConfigureAwait(false);
            }

            await _changed.WaitAsync(complete ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(2), context.Time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> WriteAsync(IsovalentMulticastGroup resource, IReadOnlyList<Condition> wanted, CancellationToken cancellation)
    {
        if (GroupConditions.Same(resource.Status?.Conditions ?? [], wanted))
        {
            return true;
        }

        try
        {
            var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray([.. wanted.Select(c => (JsonNode)KubeJson.ToJson(c))]) } };
            await context.Client.PatchAsync(
                KubeTypes.IsovalentMulticastGroups, resource.Metadata.Namespace, resource.Metadata.Name!, KubePatch.Merge(patch), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (KubeApiException e)
        {
            LogFailed(resource.Key.ToString(), e.Message);
            return false;
        }
    }

    [LoggerMessage(2061, LogLevel.Warning, "status of IsovalentMulticastGroup {Name} is not written: {Problem}; trying again")]
    private partial void LogFailed(string name, string problem);
}
