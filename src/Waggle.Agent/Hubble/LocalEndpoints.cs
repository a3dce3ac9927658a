using System.Diagnostics;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Hubble.Flows;
using Waggle.State.Tables;

namespace Waggle.Agent.Hubble;

/// <summary>
/// Table <c>endpoints</c> → <see cref="HubbleMetadata"/> and agent events. A pod's row is written before the pod can send, and
/// <see cref="CatchUp"/> is asked before any event is told: so each event finds the pods of its moment.
/// </summary>
internal sealed class LocalEndpoints(HubbleMetadata metadata, AgentEvents events, EndpointTable endpoints, string cluster) : IDisposable
{
    private readonly ChangeTracker<int, EndpointRow> _changes = endpoints.Track();
    private readonly Dictionary<int, EndpointInfo> _present = [];
    private readonly Queue<(long At, EndpointInfo Info, FlowAddress[] Addresses)> _gone = new();
    private ulong _seen;

    /// <summary>Takes over what the table has got since the last time. Costs next to nothing when that is nothing.</summary>
    public void CatchUp()
    {
        if (endpoints.Revision == Volatile.Read(ref _seen))
        {
            return;
        }

        lock (metadata.Writing)
        {
            ChangeBatch<EndpointRow> batch;
            while (!(batch = _changes.Next()).IsEmpty)
            {
                if (batch.Reset)
                {
                    ForgetExcept([.. batch.Changes.Select(c => c.Row.Id)]);
                }

                foreach (Change<EndpointRow> change in batch.Changes)
                {
                    OnChange(change.Row, change.IsDeleted);
                }
            }

            Volatile.Write(ref _seen, _changes.Revision);
        }
    }

    /// <summary>Follows the table when there are no events.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        while (true)
        {
            CatchUp();
            await endpoints.WaitForChangeAsync(Volatile.Read(ref _seen), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets pods that went before this moment.</summary>
    public void Sweep(long before)
    {
        lock (metadata.Writing)
        {
            while (_gone.TryPeek(out (long At, EndpointInfo Info, FlowAddress[] Addresses) gone) && gone.At < before)
            {
                _gone.Dequeue();
                metadata.RemoveEndpoint(gone.Info);
                foreach (FlowAddress address in gone.Addresses)
                {
                    metadata.Addresses.Remove(address, gone.Info);
                }
            }
        }
    }

    /// <summary>The form of flows.</summary>
    public static IReadOnlyList<WorkloadInfo> Workloads(PodWorkload? workload) => workload is null ? [] : [new WorkloadInfo(workload.Name, workload.Kind)];

    public void Dispose() => _changes.Dispose();

    private void OnChange(EndpointRow row, bool deleted)
    {
        bool known = _present.TryGetValue(row.Id, out EndpointInfo? before);
        FlowAddress[] addresses = [.. row.Addresses.Select(FlowAddress.From)];
        if (deleted && known)
        {
            Leave(row, before!, addresses);
            return;
        }

        var now = new EndpointInfo
        {
            Id = (uint)row.Id, Identity = row.State.Identity, ClusterName = cluster, Namespace = row.State.Namespace, PodName = row.State.Pod,
            Labels = [.. row.State.Labels.Order(StringComparer.Ordinal)], Workloads = Workloads(PodWorkload.Parse(row.State.Workload)),
        };
        _present[row.Id] = now;
        metadata.SetEndpoint(now);
        foreach (FlowAddress address in addresses)
        {
            metadata.Addresses.Set(address, now, row.Since, same: before);
        }

        if (!known)
        {
            events.EndpointCreated(row);
        }

        if (deleted)
        {
            Leave(row, now, addresses); // came and went while nobody looked
        }
    }

    /// <summary>Its addresses go on to mean it, until another pod has them: answers to it are still on their way.</summary>
    private void Leave(EndpointRow row, EndpointInfo info, FlowAddress[] addresses)
    {
        _present.Remove(row.Id);
        _gone.Enqueue((Stopwatch.GetTimestamp(), info, addresses));
        events.EndpointDeleted(row);
    }

    private void ForgetExcept(HashSet<int> present)
    {
        foreach (int id in _present.Keys.Where(i => !present.Contains(i)).ToArray())
        {
            _present.Remove(id, out EndpointInfo? gone);
            _gone.Enqueue((Stopwatch.GetTimestamp(), gone!, []));
        }
    }
}
