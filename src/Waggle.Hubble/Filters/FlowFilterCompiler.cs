using Waggle.Cel;
using Waggle.Hubble.Cel;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Filters;

/// <summary>Turns a filter into one predicate: a predicate per field that is set, the cheap ones first.</summary>
internal static class FlowFilterCompiler
{
    private const int MaxValues = 4096;
    private const int MaxExpressions = 64;

    /// <exception cref="FilterException">A value makes no sense; names the field.</exception>
    public static FlowPredicate Compile(FlowFilter filter)
    {
        var all = new List<FlowPredicate>();
        void Add<T>(string field, IReadOnlyList<T> values, Func<FlowPredicate> make)
        {
            if (values.Count > MaxValues)
            {
                throw new FilterException(field, $"{values.Count} values are more than the limit of {MaxValues}");
            }

            if (values.Count > 0)
            {
                all.Add(make());
            }
        }

        // Numbers of the record itself.
        Add("verdict", filter.Verdict, () => Enum(filter.Verdict, (in FlowRecord f) => (int)f.Verdict));
        Add("traffic_direction", filter.TrafficDirection, () => Enum(filter.TrafficDirection, (in FlowRecord f) => (int)f.Direction));
        Add("drop_reason_desc", filter.DropReasonDesc, () => Enum(filter.DropReasonDesc, (in FlowRecord f) => f.DropReason));
        Add("event_type", filter.EventType, () => EventTypes(filter.EventType));
        Add("reply", filter.Reply, () => Replies(filter.Reply));
        Add("ip_version", filter.IpVersion, () => PacketFilters.IpVersions(filter.IpVersion));
        Add("encrypted", filter.Encrypted, () => Encrypted(filter.Encrypted));
        Add("source_identity", filter.SourceIdentity, () => Identities(filter.SourceIdentity, true));
        Add("destination_identity", filter.DestinationIdentity, () => Identities(filter.DestinationIdentity, false));
        Add("source_port", filter.SourcePort, () => PacketFilters.Ports("source_port", filter.SourcePort, true));
        Add("destination_port", filter.DestinationPort, () => PacketFilters.Ports("destination_port", filter.DestinationPort, false));
        Add("tcp_flags", filter.TcpFlags, () => PacketFilters.TcpFlags(filter.TcpFlags));
        Add("protocol", filter.Protocol, () => PacketFilters.Protocols("protocol", filter.Protocol));
        Add("source_ip", filter.SourceIp, () => PacketFilters.SourceIp("source_ip", filter.SourceIp));
        Add("destination_ip", filter.DestinationIp, () => PacketFilters.DestinationIp("destination_ip", filter.DestinationIp));
        Add("source_ip_xlated", filter.SourceIpXlated, () => PacketFilters.TranslatedIp("source_ip_xlated", filter.SourceIpXlated));
        Add("interface", filter.Interface, () => Interfaces(filter.Interface));

        // Metadata, remembered per object.
        Add("source_pod", filter.SourcePod, () => EndpointFilters.Pods("source_pod", filter.SourcePod, true));
        Add("destination_pod", filter.DestinationPod, () => EndpointFilters.Pods("destination_pod", filter.DestinationPod, false));
        Add("source_label", filter.SourceLabel, () => EndpointFilters.Labels("source_label", filter.SourceLabel, true));
        Add("destination_label", filter.DestinationLabel, () => EndpointFilters.Labels("destination_label", filter.DestinationLabel, false));
        Add("source_workload", filter.SourceWorkload, () => EndpointFilters.Workloads("source_workload", filter.SourceWorkload, true));
        Add("destination_workload", filter.DestinationWorkload, () => EndpointFilters.Workloads("destination_workload", filter.DestinationWorkload, false));
        Add("source_cluster_name", filter.SourceClusterName, () => EndpointFilters.Clusters(filter.SourceClusterName, true));
        Add("destination_cluster_name", filter.DestinationClusterName, () => EndpointFilters.Clusters(filter.DestinationClusterName, false));
        Add("source_service", filter.SourceService, () => EndpointFilters.Services("source_service", filter.SourceService, true));
        Add("destination_service", filter.DestinationService, () => EndpointFilters.Services("destination_service", filter.DestinationService, false));
        Add("source_fqdn", filter.SourceFqdn, () => L7Filters.Fqdns("source_fqdn", filter.SourceFqdn, true));
        Add("destination_fqdn", filter.DestinationFqdn, () => L7Filters.Fqdns("destination_fqdn", filter.DestinationFqdn, false));
        Add("node_name", filter.NodeName, () => EndpointFilters.NodeNames("node_name", filter.NodeName));
        Add("node_labels", filter.NodeLabels, () => EndpointFilters.NodeLabels("node_labels", filter.NodeLabels));

        // L7 and texts.
        Add("trace_id", filter.TraceId, () => TraceIds(filter.TraceId));
        Add("ip_trace_id", filter.IpTraceId, () => (in FlowRecord _) => false); // no event of ours carries one
        Add("uuid", filter.Uuid, () => Uuids(filter.Uuid));
        Add("dns_query", filter.DnsQuery, () => L7Filters.DnsQueries("dns_query", filter.DnsQuery));
        AddHttp("http_status_code", filter.HttpStatusCode, () => L7Filters.HttpStatus("http_status_code", filter.HttpStatusCode));
        AddHttp("http_method", filter.HttpMethod, () => L7Filters.HttpMethods(filter.HttpMethod));
        AddHttp("http_path", filter.HttpPath, () => L7Filters.HttpPaths("http_path", filter.HttpPath));
        AddHttp("http_url", filter.HttpUrl, () => L7Filters.HttpUrls("http_url", filter.HttpUrl));
        AddHttp("http_header", filter.HttpHeader, () => L7Filters.HttpHeaders(filter.HttpHeader));
        if (filter.Experimental is { } experimental)
        {
            Add("experimental.cel_expression", experimental.CelExpression, () => Expressions(experimental.CelExpression));
        }

        return Join([.. all]);

        void AddHttp<T>(string field, IReadOnlyList<T> values, Func<FlowPredicate> make)
        {
            if (values.Count > 0 && filter.EventType.Count > 0 && filter.EventType.All(t => t.Type != (int)FlowEventType.AccessLog))
            {
                throw new FilterException(field, $"only L7 events (type {(int)FlowEventType.AccessLog}) have it, but event_type asks for others");
            }

            Add(field, values, make);
        }
    }

    private delegate int Number(in FlowRecord flow);

    private static FlowPredicate Join(FlowPredicate[] all) => all.Length switch
    {
        0 => (in FlowRecord _) => true,
        1 => all[0],
        _ => (in FlowRecord f) =>
        {
            foreach (var predicate in all)
            {
                if (!predicate(f))
                {
                    return false;
                }
            }

            return true;
        },
    };

    /// <summary>Values below 256 as a bit set.</summary>
    private static FlowPredicate Enum<T>(IReadOnlyList<T> values, Number number)
        where T : struct, System.Enum
    {
        var set = new bool[256];
        foreach (var value in values)
        {
            var n = Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture);
            if ((uint)n < 256)
            {
                set[n] = true;
            }
        }

        return (in FlowRecord f) => set[number(f) & 255];
    }

    private static FlowPredicate EventTypes(IReadOnlyList<EventTypeFilter> types)
    {
        var wanted = types.Select(t => (t.Type, t.MatchSubType, t.SubType)).ToArray();
        return (in FlowRecord f) =>
        {
            foreach (var (type, matchSub, sub) in wanted)
            {
                if ((type == 0 || type == (int)f.EventType) && (!matchSub || sub == f.SubType))
                {
                    return true;
                }
            }

            return false;
        };
    }

    /// <summary>A dropped flow of which nobody knows counts as "no reply", as clients expect.</summary>
    private static FlowPredicate Replies(IReadOnlyList<bool> values)
    {
        var (yes, no) = (values.Contains(true), values.Contains(false));
        return (in FlowRecord f) => f.Reply switch
        {
            ReplyState.Yes => yes,
            ReplyState.No => no,
            _ => no && f.Verdict == Verdict.Dropped,
        };
    }

    private static FlowPredicate Encrypted(IReadOnlyList<bool> values)
    {
        var (yes, no) = (values.Contains(true), values.Contains(false));
        return (in FlowRecord f) => f.Encrypted ? yes : no;
    }

    private static FlowPredicate Identities(IReadOnlyList<uint> values, bool source)
    {
        var wanted = values.ToHashSet();
        return source ? (in FlowRecord f) => wanted.Contains(f.SourceIdentity) : (in FlowRecord f) => wanted.Contains(f.DestinationIdentity);
    }

    private static FlowPredicate Interfaces(IReadOnlyList<NetworkInterface> values)
    {
        var memo = new Memo<InterfaceInfo>(has => values.Any(i => (i.Index == 0 || i.Index == has.Index) && (i.Name.Length == 0 || i.Name == has.Name)));
        return (in FlowRecord f) => f.Interface is { } device && memo.Ask(device);
    }

    private static FlowPredicate Expressions(IReadOnlyList<string> texts)
    {
        if (texts.Count > MaxExpressions)
        {
            throw new FilterException("experimental.cel_expression", $"{texts.Count} expressions are more than the limit of {MaxExpressions}");
        }

        var compiled = new CelFilter[texts.Count];
        for (var i = 0; i < compiled.Length; i++)
        {
            try
            {
                compiled[i] = CelFilter.Compile(texts[i]);
            }
            catch (CelException e)
            {
                throw new FilterException($"experimental.cel_expression[{i}]", e.Message, e);
            }
        }

        return (in FlowRecord f) =>
        {
            foreach (var expression in compiled)
            {
                if (expression.Matches(f))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private static FlowPredicate TraceIds(IReadOnlyList<string> values) => (in FlowRecord f) => f.TraceId is { } id && values.Contains(id);

    private static FlowPredicate Uuids(IReadOnlyList<string> values) => (in FlowRecord f) =>
    {
        foreach (var value in values)
        {
            if (FlowUuid.Matches(f, value))
            {
                return true;
            }
        }

        return false;
    };
}
