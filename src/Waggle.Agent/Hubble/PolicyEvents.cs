using Microsoft.Extensions.Hosting;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Policy;
using Waggle.State.Tables;

namespace Waggle.Agent.Hubble;

/// <summary>Tables of policies, subjects and endpoints → agent events: what came into force, and for whom.</summary>
internal sealed class PolicyEvents(AgentEvents events, PolicyTable policies, PolicyStatusTable status, PolicySubjectTable subjects, EndpointTable endpoints) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (PolicyRow Policy, long Revision)> _inForce = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (uint Subject, uint Ingress, uint Egress, long Revision, string Problem)> _endpoints = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowStatusAsync(stoppingToken), FollowSubjectsAsync(stoppingToken), FollowEndpointsAsync(stoppingToken));

    private async Task FollowStatusAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<PolicyStatusRow> batch in status.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<PolicyStatusRow> change in batch.Changes)
            {
                OnStatus(change.Row, change.IsDeleted);
            }

            if (batch.Reset)
            {
                foreach (string gone in _inForce.Keys.Where(k => status.View.Find(k) is null).ToArray())
                {
                    Forget(gone);
                }
            }
        }
    }

    /// <summary>A row with a revision is in force; another revision or object is another policy under the same name.</summary>
    private void OnStatus(PolicyStatusRow row, bool deleted)
    {
        if (deleted)
        {
            Forget(row.Policy);
            return;
        }

        if (row.Revision > 0 && policies.View.Find(row.Policy) is { } policy
            && (!_inForce.TryGetValue(row.Policy, out (PolicyRow Policy, long Revision) known) || known.Revision != row.Revision || known.Policy != policy))
        {
            _inForce[row.Policy] = (policy, row.Revision);
            events.Policy(policy, row.Revision, deleted: false);
        }
    }

    private void Forget(string policy)
    {
        if (_inForce.Remove(policy, out (PolicyRow Policy, long Revision) gone))
        {
            long newest = subjects.View.All().Select(s => s.Revision).DefaultIfEmpty().Max();
            events.Policy(gone.Policy, Math.Max(gone.Revision, newest), deleted: true);
        }
    }

    private async Task FollowSubjectsAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<PolicySubjectRow> batch in subjects.WatchAsync(cancellation).ConfigureAwait(false))
        {
            HashSet<uint> changed = [.. batch.Changes.Where(c => !c.IsDeleted).Select(c => c.Row.Number)];
            foreach (EndpointRow endpoint in endpoints.View.All().Where(e => changed.Contains(e.State.PolicySubject)))
            {
                Look(endpoint);
            }
        }
    }

    private async Task FollowEndpointsAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<EndpointRow> batch in endpoints.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<EndpointRow> change in batch.Changes)
            {
                if (change.IsDeleted)
                {
                    lock (_lock)
                    {
                        _endpoints.Remove(change.Row.Id);
                    }
                }
                else
                {
                    Look(change.Row);
                }
            }
        }
    }

    private void Look(EndpointRow endpoint)
    {
        lock (_lock)
        {
            if (endpoint.State.PolicySubject == 0 || subjects.View.Find(endpoint.State.PolicySubject) is not { } subject || endpoints.View.Find(endpoint.Id) is null)
            {
                return;
            }

            (uint, uint, uint, long, string) now = (subject.Number, subject.IngressTable, subject.EgressTable, subject.Revision, subject.Problem);
            if (!_endpoints.TryGetValue(endpoint.Id, out (uint, uint, uint, long, string) before) || before != now)
            {
                _endpoints[endpoint.Id] = now;
                events.EndpointRegenerated(endpoint, subject.Problem);
            }
        }
    }
}
