using System.Globalization;
using System.Net;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;
using Waggle.Policy.Rules;
using ReservedIdentity = Waggle.Agent.Identities.ReservedIdentity;

namespace Waggle.Agent.Policy.Audit;

/// <summary>Verdict events that would be others, were everything enforced → <see cref="AuditStore"/>. Runs on the reader's thread.</summary>
internal sealed class AuditTap(AuditStore store, RuleNames rules, EndpointTable endpoints, IpCacheTable ipcache, IdentityTable identities, AgentArguments arguments) : IEventTap
{
    private FlowRecord _packet = new();

    public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
    {
        var (action, shadow) = ((PolicyAction)verdict.Action, (PolicyAction)verdict.ShadowAction);
        bool denied = action == PolicyAction.Deny, passes = action is PolicyAction.Allow or PolicyAction.Audit, shadowPasses = shadow == PolicyAction.Allow;
        bool endpoint = action == PolicyAction.Audit, trial = passes != shadowPasses && !(endpoint && verdict.ShadowRule == verdict.Rule);
        if (!endpoint && !trial)
        {
            return;
        }

        _packet = new FlowRecord();
        PacketParser.Parse(packet, 0, ref _packet);
        bool egress = verdict.Direction == (byte)TrafficDirection.Egress;

        // The local end is known by number; an answer that has the question asked again shows the addresses the other way round.
        EndpointRow? local = verdict.Header.EndpointId == 0 ? null : endpoints.View.Find((int)verdict.Header.EndpointId);
        IPAddress? source = _packet.Source.ToIPAddress(), destination = _packet.Destination.ToIPAddress();
        bool isAnswer = IsLocal(local, egress ? destination : source) && !IsLocal(local, egress ? source : destination);
        (IPAddress? from, IPAddress? to) = isAnswer ? (destination, source) : (source, destination);
        uint own = local?.State.Identity ?? ReservedIdentity.Host;
        string mine = local is { PodKey.Length: > 0 } pod ? pod.PodKey : local is not null ? $"container {local.State.ContainerId}" : $"node {arguments.NodeName}";
        string other = NameOf(egress ? to : from, verdict.RemoteIdentity);
        var pair = new AuditPair(
            AuditKind.Trial, denied, egress ? mine : other, egress ? other : mine, egress ? own : verdict.RemoteIdentity, egress ? verdict.RemoteIdentity : own,
            egress ? Direction.Egress : Direction.Ingress, null);
        string example = $"{from} -> {to}";
        if (trial)
        {
            store.Add(pair with { Rule = rules.Origin(verdict.ShadowRule) }, verdict.Protocol, verdict.DestinationPort, example);
        }

        if (endpoint)
        {
            store.Add(pair with { Kind = AuditKind.Endpoint, WouldPass = false, Rule = rules.Origin(verdict.Rule) }, verdict.Protocol, verdict.DestinationPort, example);
        }
    }

    public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
    {
    }

    public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
    {
    }

    public void OnMembership(in MembershipEvent membership)
    {
    }

    public void OnLost(ulong count)
    {
    }

    private bool IsLocal(EndpointRow? endpoint, IPAddress? address) => address is not null
        && (endpoint is not null ? address.Equals(endpoint.Ipv4) || address.Equals(endpoint.Ipv6) : ipcache.View.Find(IpCacheKey.Of(address))?.Identity == ReservedIdentity.Host);

    /// <summary>Pods and nodes by name; what is outside the cluster by what policy knows it as, for addresses out there are without number.</summary>
    private string NameOf(IPAddress? address, uint identity)
    {
        if (address is not null && ipcache.View.Find(IpCacheKey.Of(address)) is { } row && row.Identity == identity)
        {
            switch (row.Source)
            {
                case "endpoint":
                    return row.Owner;
                case "endpoint-local" when endpoints.View.FindBy(endpoints.ByAttachment, row.Owner) is { PodKey.Length: > 0 } pod:
                    return pod.PodKey;
                case "node":
                    return $"node {row.Owner}";
            }
        }

        IReadOnlyList<string> labels = identities.View.Find(identity)?.Labels ?? [];
        if (identity is >= CidrIdentities.First and <= CidrIdentities.Last && labels.Where(l => l.StartsWith("cidr:", StringComparison.Ordinal)).MaxBy(LengthOf) is { } prefix)
        {
            return prefix["cidr:".Length..].Replace('-', ':');
        }

        return labels is [{ } only] && only.StartsWith("reserved:", StringComparison.Ordinal) ? only["reserved:".Length..] : string.Create(CultureInfo.InvariantCulture, $"identity {identity}");
    }

    private static int LengthOf(string label) => int.TryParse(label.AsSpan(label.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) ? length : -1;
}
