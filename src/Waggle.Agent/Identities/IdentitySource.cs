using System.Globalization;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Resources;
using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>CiliumIdentities and the reserved ones → table <c>identities</c>.</summary>
internal sealed class IdentitySource(KubeSources kube, IdentityTable table, IdentityAllocator allocator) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        using (WriteTransaction transaction = table.Db.Write(table))
        {
            foreach ((uint id, string label) in ReservedIdentity.All)
            {
                transaction.Upsert(table, new IdentityRow(id, [label]));
            }

            transaction.Commit();
        }

        kube.CiliumIdentities.OnChange(change =>
        {
            CiliumIdentity identity = change.Object;
            if (!uint.TryParse(identity.Metadata.Name, NumberStyles.None, CultureInfo.InvariantCulture, out uint id))
            {
                return;
            }

            if (change.IsDeleted)
            {
                allocator.Forget(identity);
                table.Delete(id);
            }
            else
            {
                table.Upsert(new IdentityRow(id, IdentityAllocator.LabelsOf(identity).Labels));
            }
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
