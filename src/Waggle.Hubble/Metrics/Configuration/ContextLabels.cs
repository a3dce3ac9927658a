using Waggle.Hosting.Config;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Series;

namespace Waggle.Hubble.Metrics.Configuration;

/// <summary>The labels that say whose flow it was, as configured for one metric with <c>labelsContext</c> and the source and destination contexts.</summary>
public sealed class ContextLabels
{
    /// <summary>What <c>labelsContext</c> may list, in the order in which series show them.</summary>
    public static readonly IReadOnlyList<string> Known =
    [
        "source_ip", "source_pod", "source_namespace", "source_workload", "source_workload_kind", "source_app",
        "destination_ip", "destination_pod", "destination_namespace", "destination_workload", "destination_workload_kind", "destination_app",
        "traffic_direction",
    ];

    /// <summary>The options that are understood here, whatever the metric.</summary>
    public static readonly IReadOnlyList<string> Options =
        ["sourceContext", "sourceEgressContext", "sourceIngressContext", "destinationContext", "destinationEgressContext", "destinationIngressContext", "labelsContext"];

    private readonly bool[] _wanted = new bool[Known.Count];
    private readonly SideContext _source = new();
    private readonly SideContext _destination = new();

    private string[] _names = [];

    private ContextLabels()
    {
    }

    /// <summary>The labels' names, in the order of <see cref="AddTo"/>.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <exception cref="MetricsConfigException">An unknown context or label.</exception>
    public static ContextLabels Parse(string metric, IReadOnlyList<MetricOption> options)
    {
        var labels = new ContextLabels();
        foreach (MetricOption option in options)
        {
            switch (option.Name.ToLowerInvariant())
            {
                case "sourcecontext": labels._source.Both = Contexts(metric, option); break;
                case "sourceegresscontext": labels._source.Egress = Contexts(metric, option); break;
                case "sourceingresscontext": labels._source.Ingress = Contexts(metric, option); break;
                case "destinationcontext": labels._destination.Both = Contexts(metric, option); break;
                case "destinationegresscontext": labels._destination.Egress = Contexts(metric, option); break;
                case "destinationingresscontext": labels._destination.Ingress = Contexts(metric, option); break;
                case "labelscontext":
                    foreach (string label in option.Values)
                    {
                        int index = Array.IndexOf([.. Known], label);
                        labels._wanted[index >= 0 ? index : throw Unknown(metric, option.Name, label, Known)] = true;
                    }

                    break;
                default:
                    break;
            }
        }

        labels._names = [.. Known.Where((_, i) => labels._wanted[i]), .. labels._source.Any ? ["source"] : Array.Empty<string>(), .. labels._destination.Any ? ["destination"] : Array.Empty<string>()];
        return labels;
    }

    /// <summary>Appends the values for a flow.</summary>
    /// <param name="swap">The flow is an answer that shall be counted for who asked: source and destination change places.</param>
    public void AddTo(ref LabelValues values, in FlowRecord flow, bool swap = false)
    {
        EndpointInfo source = swap ? flow.DestinationEndpoint : flow.SourceEndpoint;
        EndpointInfo destination = swap ? flow.SourceEndpoint : flow.DestinationEndpoint;
        for (int i = 0; i < _wanted.Length; i++)
        {
            if (_wanted[i])
            {
                AddLabel(ref values, i, in flow, i < 6 ? source : destination, swap);
            }
        }

        // The context of a side stays that of the flow's own side, only its place among the labels changes.
        SideContext first = swap ? _destination : _source, second = swap ? _source : _destination;
        if (_source.Any)
        {
            first.AddTo(ref values, in flow, source: !swap);
        }

        if (_destination.Any)
        {
            second.AddTo(ref values, in flow, source: swap);
        }
    }

    /// <summary>Whether a series with these values of <see cref="Names"/> tells of one of these pods.</summary>
    /// <param name="offset">Where the context's values begin.</param>
    public bool TellsOf(IReadOnlySet<(string Namespace, string Pod)> pods, IReadOnlyList<string> values, int offset)
    {
        bool Path(SideContext context, string label)
        {
            return context.UsesPods && Value(label) is { } path && path.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && pods.Contains((path[..slash], path[(slash + 1)..]));
        }

        bool Pair(string side) => Value(side + "_namespace") is { } place && Value(side + "_pod") is { } name && pods.Contains((place, name));

        string? Value(string label)
        {
            int index = Array.IndexOf(_names, label);
            return index < 0 ? null : values[offset + index];
        }

        return Path(_source, "source") || Path(_destination, "destination") || Pair("source") || Pair("destination");
    }

    /// <summary>Whether any series can name a single pod: only then series must be removed with pods.</summary>
    public bool NamesPods => _source.UsesPods || _destination.UsesPods
        || (Names.Contains("source_pod") && Names.Contains("source_namespace")) || (Names.Contains("destination_pod") && Names.Contains("destination_namespace"));

    /// <summary>The value of the usual labels of an application's name; empty when the endpoint has none.</summary>
    internal static string App(EndpointInfo endpoint)
    {
        for (int i = 0; i < endpoint.Labels.Count; i++)
        {
            foreach (string prefix in AppLabels)
            {
                if (endpoint.Labels[i] is var label && label.Length > prefix.Length && label.StartsWith(prefix, StringComparison.Ordinal))
                {
                    return label[prefix.Length..];
                }
            }
        }

        return "";
    }

    internal static MetricsConfigException Unknown(string metric, string option, string value, IEnumerable<string> known)
    {
        string[] all = [.. known];
        string hint = NearestName.Find(value, all) is { } near ? $"did you mean \"{near}\"?" : $"known: {string.Join(", ", all)}";
        return new MetricsConfigException($"metric \"{metric}\": {option} cannot be \"{value}\"; {hint}");
    }

    private static readonly string[] AppLabels = ["k8s:app.kubernetes.io/name=", "k8s:k8s-app=", "k8s:app="];

    private static void AddLabel(ref LabelValues values, int label, in FlowRecord flow, EndpointInfo endpoint, bool swap)
    {
        switch (label)
        {
            case 0:
                values.Add(swap ? flow.Destination : flow.Source);
                break;
            case 6:
                values.Add(swap ? flow.Source : flow.Destination);
                break;
            case 1 or 7:
                values.Add(endpoint.PodName);
                break;
            case 2 or 8:
                values.Add(endpoint.Namespace);
                break;
            case 3 or 9:
                values.Add(endpoint.Workloads.Count > 0 ? endpoint.Workloads[0].Name : "");
                break;
            case 4 or 10:
                values.Add(endpoint.Workloads.Count > 0 ? endpoint.Workloads[0].Kind : "");
                break;
            case 5 or 11:
                values.Add(App(endpoint));
                break;
            default:
                values.Add(Handlers.MetricWords.Direction(flow.Direction));
                break;
        }
    }

    private static ContextKind[] Contexts(string metric, MetricOption option) =>
        [.. option.Values.Select(value => SideContext.TryParse(value, out ContextKind kind) ? kind : throw Unknown(metric, option.Name, value, SideContext.Words))];
}
