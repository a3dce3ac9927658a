using Waggle.Cli;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Decision = Waggle.Hubble.Protocol.Flows.Verdict;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>The columns of one flow, with colours and translations as asked for.</summary>
internal sealed class FlowColumns(PrintOptions options)
{
    // Columns are aligned by counting characters.
    private readonly Palette _style = options.Format == EventFormat.Table ? Palette.Plain : options.Style;

    /// <summary>Names or addresses of both sides, with ports; MAC addresses where there is no IP.</summary>
    public (string Source, string Destination) Hosts(Flow flow)
    {
        if (flow.IP is null)
        {
            return flow.Ethernet is { } ethernet ? (_style.Cyan(ethernet.Source), _style.Cyan(ethernet.Destination)) : ("", "");
        }

        var (from, to) = FlowText.Ports(flow.L4);
        return (Host(flow.IP.Source, from, flow.Source, flow.SourceService, flow.SourceNames), Host(flow.IP.Destination, to, flow.Destination, flow.DestinationService, flow.DestinationNames));
    }

    public (string Source, string Destination) Identities(Flow flow) => (Identity(flow.Source?.Identity ?? 0), Identity(flow.Destination?.Identity ?? 0));

    public string Verdict(Flow flow)
    {
        var word = FlowText.Verdict(flow);
        var text = options.PolicyNames && Policies(flow) is { Length: > 0 } names ? $"{word} BY {names}" : word;
        return flow.Verdict switch
        {
            Decision.Forwarded or Decision.Redirected => _style.Green(text),
            Decision.Dropped or Decision.Error => _style.Red(text),
            Decision.Audit or Decision.Traced or Decision.Translated => _style.Yellow(text),
            _ => text,
        };
    }

    public string Summary(Flow flow)
    {
        var summary = FlowText.Summary(flow);
        var name = ProtoNames.AuthType[(int)flow.AuthType];
        return flow.AuthType switch
        {
            AuthType.Disabled => summary,
            AuthType.TestAlwaysFail => $"{summary}; Auth: {_style.Red(name)}",
            _ => $"{summary}; Auth: {_style.Green(name)}",
        };
    }

    /// <summary>For tables and dictionaries.</summary>
    public List<(string Name, string Value)> All(Flow flow)
    {
        var (source, destination) = Hosts(flow);
        List<(string, string)> fields = [("TIMESTAMP", options.Time(flow.Time))];
        if (options.NodeName)
        {
            fields.Add(("NODE", flow.NodeName));
        }

        fields.AddRange([("SOURCE", source), ("DESTINATION", destination), ("TYPE", FlowText.Type(flow)), ("VERDICT", Verdict(flow)), ("SUMMARY", Summary(flow))]);
        return fields;
    }

    private string Host(string address, uint port, Endpoint? endpoint, Service? service, IReadOnlyList<string> names)
    {
        var host = address;
        if (options.Translate)
        {
            var place = service is not null ? service.Namespace : endpoint?.Namespace ?? "";
            var name = endpoint?.PodName is { Length: > 0 } pod ? pod : service?.Name ?? "";
            host = name.Length > 0 ? place.Length > 0 ? $"{place}/{name}" : name
                : names.Count > 0 ? string.Join(',', names)
                : address;
        }

        if (port == 0)
        {
            return _style.Cyan(host);
        }

        var bracketed = host.Contains(':') ? $"[{host}]" : host;
        return _style.Cyan($"{bracketed}:") + _style.Yellow(port.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private string Identity(uint identity) => _style.Magenta(ReservedIdentities.NameOf(identity) is { } name ? $"({name})" : $"(ID:{identity})");

    private static string Policies(Flow flow) =>
        string.Join(',', flow.IngressAllowedBy.Concat(flow.EgressAllowedBy).Concat(flow.IngressDeniedBy).Concat(flow.EgressDeniedBy)
            .Select(policy => policy.Namespace.Length > 0 ? $"{policy.Namespace}/{policy.Name}" : policy.Name).Distinct());
}
