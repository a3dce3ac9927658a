using System.Globalization;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.IdentityGc;

/// <summary>Removes CiliumIdentities that no endpoint has used for a while.</summary>
/// <remarks>
/// Use is seen in CiliumEndpoints; a new leader starts by counting everything as just used. An agent whose endpoint uses an identity
/// that was removed in the same moment creates it again under the same number.
/// </remarks>
public sealed partial class IdentityGcFeature(OperatorContext context) : IOperatorFeature, IMetricsSource
{
    private readonly ILogger _logger = context.Logs.CreateLogger<IdentityGcFeature>();
    private readonly Dictionary<string, long> _lastUse = new(StringComparer.Ordinal);
    private long _removed;
    private int _alive;

    public async Task RunAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(context.CiliumIdentities.Synced, context.CiliumEndpoints.Synced).WaitAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            await CollectAsync(cancellation).ConfigureAwait(false);
            await Task.Delay(context.Config.Duration("identity-gc-interval"), context.Time, cancellation).ConfigureAwait(false);
        }
    }

    public void Write(MetricsWriter writer)
    {
        writer.Family("cilium_operator_identity_gc_entries", "gauge", "Identities by what the last collection found.").Sample(_alive, ("status", "alive")).Sample(_removed, ("status", "deleted"));
    }

    private async Task CollectAsync(CancellationToken cancellation)
    {
        long now = context.Time.GetTimestamp();
        TimeSpan limit = context.Config.Duration("identity-heartbeat-timeout");
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (CiliumEndpoint endpoint in context.CiliumEndpoints.Objects.Values)
        {
            if (endpoint.Status.Identity is { } identity)
            {
                used.Add(identity.Id.ToString(CultureInfo.InvariantCulture));
            }
        }

        var present = context.CiliumIdentities.Objects.Values;
        foreach (string gone in _lastUse.Keys.Except(present.Select(i => i.Metadata.Name!)).ToArray())
        {
            _lastUse.Remove(gone);
        }

        int alive = 0;
        foreach (CiliumIdentity identity in present)
        {
            string name = identity.Metadata.Name!;
            if (used.Contains(name) || !_lastUse.TryGetValue(name, out long last))
            {
                _lastUse[name] = now;
                alive++;
                continue;
            }

            if (context.Time.GetElapsedTime(last, now) < limit)
            {
                alive++;
                continue;
            }

            try
            {
                await context.Client.TryDeleteAsync(
                    KubeTypes.CiliumIdentities, null, name, new DeleteOptions { Uid = identity.Metadata.Uid, ResourceVersion = identity.Metadata.ResourceVersion }, cancellation).ConfigureAwait(false);
                _lastUse.Remove(name);
                _removed++;
                LogRemoved(name);
            }
            catch (KubeApiException e)
            {
                LogFailed(name, e.Message);
            }
        }

        _alive = alive;
    }
}
