using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Series;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Configuration;

/// <summary>What can stand for one side of a flow in a label.</summary>
internal enum ContextKind
{
    Identity,
    Namespace,
    Pod,
    PodName,
    Dns,
    Ip,
    ReservedIdentity,
    Workload,
    WorkloadName,
    App,
}

/// <summary>The label <c>source</c> or <c>destination</c>: the first context that has a value for the flow's side.</summary>
internal sealed class SideContext
{
    /// <summary>As configured; the index is the kind.</summary>
    public static readonly IReadOnlyList<string> Words = ["identity", "namespace", "pod", "pod-name", "dns", "ip", "reserved-identity", "workload", "workload-name", "app"];

    public ContextKind[]? Both { get; set; }

    public ContextKind[]? Egress { get; set; }

    public ContextKind[]? Ingress { get; set; }

    public bool Any => Both?.Length > 0 || Egress?.Length > 0 || Ingress?.Length > 0;

    public bool UsesPods => new[] { Both, Egress, Ingress }.Any(kinds => kinds?.Contains(ContextKind.Pod) == true);

    public static bool TryParse(string word, out ContextKind kind)
    {
        int index = Array.IndexOf([.. Words], word.ToLowerInvariant());
        kind = (ContextKind)Math.Max(0, index);
        return index >= 0;
    }

    /// <summary>Appends the value for the flow's source, or its destination.</summary>
    public void AddTo(ref LabelValues values, in FlowRecord flow, bool source)
    {
        values.Begin();
        (int Length, int Count) empty = values.Mark();
        ContextKind[] kinds = (flow.Direction switch
        {
            TrafficDirection.Ingress => Ingress ?? Both,
            TrafficDirection.Egress => Egress ?? Both,
            _ => Both,
        }) ?? [];
        foreach (ContextKind kind in kinds)
        {
            Append(ref values, kind, in flow, source);
            if (values.Mark() != empty)
            {
                return;
            }
        }
    }

    private static void Append(ref LabelValues values, ContextKind kind, in FlowRecord flow, bool source)
    {
        EndpointInfo endpoint = source ? flow.SourceEndpoint : flow.DestinationEndpoint;
        switch (kind)
        {
            case ContextKind.Identity:
                Join(ref values, endpoint.Labels);
                break;
            case ContextKind.Namespace:
                values.Append(endpoint.Namespace);
                break;
            case ContextKind.Pod:
                Path(ref values, endpoint.Namespace, endpoint.PodName);
                break;
            case ContextKind.PodName:
                values.Append(endpoint.PodName);
                break;
            case ContextKind.Dns:
                Join(ref values, source ? flow.SourceNames : flow.DestinationNames);
                break;
            case ContextKind.Ip:
                values.Append(source ? flow.Source : flow.Destination);
                break;
            case ContextKind.ReservedIdentity:
                values.Append(Reserved(endpoint.Labels));
                break;
            case ContextKind.Workload when endpoint.Workloads.Count > 0:
                Path(ref values, endpoint.Namespace, endpoint.Workloads[0].Name);
                break;
            case ContextKind.WorkloadName when endpoint.Workloads.Count > 0:
                values.Append(endpoint.Workloads[0].Name);
                break;
            case ContextKind.App:
                values.Append(ContextLabels.App(endpoint));
                break;
            default:
                break;
        }
    }

    private static void Path(ref LabelValues values, string? place, string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return;
        }

        if (!string.IsNullOrEmpty(place))
        {
            values.Append(place);
            values.Append("/");
        }

        values.Append(name);
    }

    private static void Join(ref LabelValues values, IReadOnlyList<string>? parts)
    {
        for (int i = 0; i < parts?.Count; i++)
        {
            values.Append(i > 0 ? "," : "");
            values.Append(parts[i]);
        }
    }

    // The API server is told apart from the world it may be in.
    private static string Reserved(IReadOnlyList<string> labels)
    {
        string first = "";
        for (int i = 0; i < labels.Count; i++)
        {
            string label = labels[i];
            if (label == "reserved:kube-apiserver")
            {
                return label;
            }

            if (first.Length == 0 && label.StartsWith("reserved:", StringComparison.Ordinal))
            {
                first = label;
            }
        }

        return first;
    }
}
