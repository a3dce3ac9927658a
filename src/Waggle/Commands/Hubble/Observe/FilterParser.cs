using Waggle.Cli;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Turns filter flags, in the order typed, into the filters of a request.</summary>
internal static class FilterParser
{
    /// <exception cref="CliException">A value cannot be used; the message names the flag and the nearest valid value.</exception>
    public static (IReadOnlyList<FlowFilter> Allow, IReadOnlyList<FlowFilter> Deny) Parse(IEnumerable<(string Name, string? Value)> typed)
    {
        FilterSet allow = new(), deny = new();
        var turned = false;
        foreach (var (option, value) in typed)
        {
            var flag = option.TrimStart('-');
            if (value == "false" || !Known.Contains(flag))
            {
                continue;
            }

            if (flag == "not")
            {
                turned = !turned ? true : throw CliException.Usage("--not stands twice in a row", "One --not turns the one filter after it.");
                continue;
            }

            var target = turned ? deny : allow;
            turned = false;
            target.Note(flag);
            Add(target, flag, value ?? "");
        }

        return turned ? throw CliException.Usage("nothing follows the last --not", "It turns the filter after it.") : (allow.Build(), deny.Build());
    }

    private static readonly HashSet<string> Known = [.. FilterFlags.Create().Select(flag => flag.Option.Name.TrimStart('-'))];

    private static void Add(FilterSet target, string flag, string value)
    {
        var (side, name) = flag.StartsWith("from-", StringComparison.Ordinal) ? ("from", flag[5..]) : flag.StartsWith("to-", StringComparison.Ordinal) ? ("to", flag[3..]) : ("", flag);
        switch (name)
        {
            case "namespace": target.Namespace(side, value.Length > 0 ? value : throw CliException.Usage($"--{flag} cannot be empty", "--all-namespaces means any.")); break;
            case "all-namespaces": target.Namespace(side, ""); break;
            case "pod": Sided(f => f.SourcePod.Add(value), f => f.DestinationPod.Add(value)); break;
            case "service": Sided(f => f.SourceService.Add(value), f => f.DestinationService.Add(value)); break;
            case "label": Sided(f => f.SourceLabel.Add(value), f => f.DestinationLabel.Add(value)); break;
            case "fqdn": Sided(f => f.SourceFqdn.Add(value), f => f.DestinationFqdn.Add(value)); break;
            case "workload": Sided(f => f.SourceWorkload.Add(FilterValues.Workload(value)), f => f.DestinationWorkload.Add(FilterValues.Workload(value))); break;
            case "ip": FilterValues.Address(flag, value); Sided(f => f.SourceIp.Add(value), f => f.DestinationIp.Add(value)); break;
            case "port": FilterValues.Port(flag, value); Sided(f => f.SourcePort.Add(value), f => f.DestinationPort.Add(value)); break;
            case "identity": var identity = FilterValues.Identity(flag, value); Sided(f => f.SourceIdentity.Add(identity), f => f.DestinationIdentity.Add(identity)); break;
            case "cluster" when side.Length > 0: Sided(f => f.SourceClusterName.Add(value), f => f.DestinationClusterName.Add(value)); break;
            case "cluster": target.Both(f => f.NodeName.Add(value + "/")); break;
            case "snat-ip": FilterValues.Address(flag, value); target.Both(f => f.SourceIpXlated.Add(value)); break;
            case "verdict": target.Both(f => f.Verdict.Add(FilterValues.Verdict(value))); break;
            case "drop-reason-desc": target.Both(f => f.DropReasonDesc.Add(FilterValues.DropReason(value))); break;
            case "type": target.Both(f => f.EventType.Add(FilterValues.EventType(value))); break;
            case "protocol": target.Both(f => f.Protocol.Add(value)); break;
            case "tcp-flags": target.Both(f => f.TcpFlags.Add(FilterValues.TcpFlags(value))); break;
            case "traffic-direction": target.Both(f => f.TrafficDirection.Add(FilterValues.Direction(value))); break;
            case "ipv4": target.Both(f => f.IpVersion.Add(IPVersion.Ipv4)); break;
            case "ipv6": target.Both(f => f.IpVersion.Add(IPVersion.Ipv6)); break;
            case "ip-version": target.Both(f => f.IpVersion.Add(FilterValues.Version(value))); break;
            case "reply": target.Both(f => f.Reply.Add(true)); break;
            case "encrypted": target.Both(f => f.Encrypted.Add(true)); break;
            case "unencrypted": target.Both(f => f.Encrypted.Add(false)); break;
            case "interface": target.Both(f => f.Interface.Add(new NetworkInterface { Name = value })); break;
            case "node-name": target.Both(f => f.NodeName.Add(value)); break;
            case "node-label": target.Both(f => f.NodeLabels.Add(value)); break;
            case "dns-query": FilterValues.Regex(flag, value); target.Both(f => f.DnsQuery.Add(value)); break;
            case "http-status": target.Both(f => f.HttpStatusCode.Add(value)); break;
            case "http-method": target.Both(f => f.HttpMethod.Add(value)); break;
            case "http-path": FilterValues.Regex(flag, value); target.Both(f => f.HttpPath.Add(value)); break;
            case "http-url": FilterValues.Regex(flag, value); target.Both(f => f.HttpUrl.Add(value)); break;
            case "http-header": target.Both(f => f.HttpHeader.Add(FilterValues.Header(value))); break;
            case "trace-id": target.Both(f => f.TraceId.Add(value)); break;
            case "ip-trace-id": target.Both(f => f.IpTraceId.Add(FilterValues.Number(flag, value))); break;
            case "uuid": target.Both(f => f.Uuid.Add(value)); break;
            case "cel-expression": target.Both(f => (f.Experimental ??= new FlowFilter.Types.Experimental()).CelExpression.Add(value)); break;
            default: throw new InvalidOperationException($"flag --{flag} has no meaning");
        }

        void Sided(Action<FlowFilter> source, Action<FlowFilter> destination)
        {
            if (side.Length == 0)
            {
                target.Either(source, destination);
            }
            else
            {
                target.Both(side == "from" ? source : destination);
            }
        }
    }
}
